// Plots as SVG for a page with the style sheet below: pairs side by side, and values with their goals. The page
// sets the colours, so that they suit its background.

import { element } from './svg.mjs';

export const style = `
svg { display: block; width: 100%; max-width: 760px; height: auto; font: 12px sans-serif; }
svg text { fill: var(--text); }
svg text, svg text.other, svg text.nekod { paint-order: stroke; stroke: var(--page); stroke-width: 3px; }
svg .soft { fill: var(--soft); }
svg .axis { stroke: var(--line); }
svg .other { fill: var(--other); stroke: var(--other); }
svg .nekod { fill: var(--nekod); stroke: var(--nekod); }
svg .missing { font-size: 18px; }
svg .goal { stroke: var(--text); fill: none; stroke-dasharray: 2 3; stroke-width: 1.5; }
svg .median { fill: none; stroke-width: 1.5; stroke-dasharray: 7 3; }
svg .bar { stroke: none; fill-opacity: 0.75; }
svg .range { stroke-width: 3; stroke-opacity: 0.45; }
svg .pair { fill-opacity: 0.55; stroke: none; }
svg .mark { stroke-width: 3; }
`;

const text = (x, y, words, more = {}) => element('text', { x, y, ...more }, words);
const line = (from, to, more) => element('line', { x1: from[0], y1: from[1], x2: to[0], y2: to[1], ...more });
const tip = (words) => element('title', {}, words);

const drawing = (width, height, label, ...content) =>
  element('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label }, ...content);

/// Enough digits to distinguish figures.
export function short(value) {
  if (value === 0) return '0';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return Math.abs(value) < 0.1 ? value.toPrecision(2) : value.toFixed(digits);
}

/// At least two round numbers from 0 up, the last one not below *most*.
export function ticks(most, count = 4) {
  const reach = most > 0 ? most : 1;
  const rough = reach / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((n) => n * power >= rough * 0.999);
  return Array.from({ length: Math.ceil(reach / step - 0.001) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}

/// Moves labels down until they do not overlap, then up again so that all are above *bottom*.
export function apart(labels, distance, bottom) {
  const sorted = [...labels].sort((a, b) => a.y - b.y);
  let last = -Infinity;
  const placed = sorted.map((label) => ({ ...label, y: (last = Math.max(label.y, last + distance)) }));
  let next = bottom + distance;
  return placed.reverse().map((label) => ({ ...label, y: (next = Math.min(label.y, next - distance)) }));
}

/// Each pair's two figures as bars, their medians, and the goal for nekod's median.
/// @param plot `label`; `unit`; `names` of both; `pairs`, as subjects have them; `medians` of both and `goal`,
///             where there are any.
export function pairPlot({ label, unit, names, pairs, medians, goal }) {
  const [width, height, left, right, top, bottom] = [760, 230, 54, 190, 28, 34];
  const [inner, floor] = [width - left - right, height - bottom];
  const values = pairs.flatMap(({ other, nekod }) => [other.value, nekod.value]).filter(Number.isFinite);
  const marks = ticks(Math.max(goal ?? 0, ...values));
  const y = (value) => floor - (value / marks.at(-1)) * (floor - top);
  const slot = inner / Math.max(1, pairs.length);
  const bar = Math.min(26, slot * 0.4);

  const half = (pair, side, i, x) => {
    const { value, failure } = pair[side];
    if (failure) return text(x + bar / 2, floor - 4, '×', { 'text-anchor': 'middle', class: `${side} missing` });
    const shape = { x, y: y(value), width: bar - 1, height: floor - y(value), class: `bar ${side}` };
    return element('rect', shape, tip(`pair ${pair.number}, ${names[i]}: ${short(value)} ${unit}`));
  };
  const often = Math.ceil(pairs.length / 20);
  const group = (pair, at) => {
    const middle = left + slot * (at + 0.5);
    const number = at % often === 0 ? [text(middle, floor + 15, pair.number, { 'text-anchor': 'middle', class: 'soft' })] : [];
    return [half(pair, 'other', 0, middle - bar), half(pair, 'nekod', 1, middle), ...number];
  };
  const levels = [
    ...(medians ? [['other', medians.other.value, `${names[0]}: ${short(medians.other.value)}`]] : []),
    ...(medians ? [['nekod', medians.nekod.value, `${names[1]}: ${short(medians.nekod.value)}`]] : []),
    ...(goal === undefined ? [] : [['goal', goal, `goal for nekod: ${short(goal)}`]]),
  ];
  const level = ([kind, value]) =>
    line([left, y(value)], [left + inner, y(value)], { class: kind === 'goal' ? 'goal' : `median ${kind}` });
  const labels = apart(
    levels.map(([kind, value, words]) => ({ kind, words, y: y(value) + 4 })),
    15,
    floor + 4,
  );
  return drawing(
    width,
    height,
    label,
    marks.map((value) => [
      line([left, y(value)], [left + inner, y(value)], { class: 'axis' }),
      text(left - 6, y(value) + 4, value, { 'text-anchor': 'end', class: 'soft' }),
    ]),
    text(4, 14, unit, { class: 'soft' }),
    text(left + inner + 10, 14, 'medians', { class: 'soft' }),
    pairs.map(group),
    levels.map(level),
    labels.map(({ kind, words, y: at }) =>
      text(left + inner + 10, at, words, { class: kind === 'goal' ? undefined : kind }),
    ),
    text(left + inner / 2, height - 3, pairs.length === 1 ? 'pair' : 'pairs', { 'text-anchor': 'middle', class: 'soft' }),
  );
}

/// Rows of values from 0 up, on one scale, each with a mark for its goal.
/// @param rows Each with `name`, `words` to show beside it, `goal`; and `spread` and `points`, or `value` for a
/// bar, or neither if nothing was measured.
export function goalPlot({ label, unit, rows }) {
  const [width, left, right, each, top] = [760, 14, 230, 44, 8];
  const [inner, floor] = [width - left - right, top + rows.length * each];
  const most = (row) => Math.max(row.goal ?? 0, row.value ?? 0, row.spread?.most ?? 0);
  const marks = ticks(Math.max(...rows.map(most)), 5);
  const x = (value) => left + (value / marks.at(-1)) * inner;

  const spreadOf = ({ spread, points, name }, y) => [
    line([x(spread.least), y], [x(spread.most), y], { class: 'nekod range' }),
    points.map((value) => element('circle', { cx: x(value), cy: y, r: 4, class: 'nekod pair' }, tip(`${name}: ${short(value)}`))),
    line([x(spread.median), y - 8], [x(spread.median), y + 8], { class: 'nekod mark' }),
  ];
  const barOf = ({ value, name }, y) =>
    element('rect', { x: left, y: y - 6, width: x(value) - left, height: 12, class: 'nekod bar' }, tip(`${name}: ${short(value)}`));
  const row = (given, i) => {
    const y = top + i * each + 28;
    const shape = given.spread ? spreadOf(given, y) : Number.isFinite(given.value) ? barOf(given, y) : [];
    const goal = given.goal === undefined ? [] : [line([x(given.goal), y - 10], [x(given.goal), y + 10], { class: 'goal' })];
    return [text(left, y - 14, given.name), shape, goal, text(left + inner + 14, y + 4, given.words)];
  };
  return drawing(
    width,
    floor + 36,
    label,
    marks.map((value) => [
      line([x(value), top], [x(value), floor], { class: 'axis' }),
      text(x(value), floor + 15, value, { 'text-anchor': 'middle', class: 'soft' }),
    ]),
    rows.map(row),
    text(left, floor + 32, unit, { class: 'soft' }),
  );
}
