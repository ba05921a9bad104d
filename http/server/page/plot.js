// Small plots, as SVG, each with a table for those who cannot see it.

import { h, svg } from './dom.js';
import './service_text.js';
import { t } from './text.js';
import { clock } from './units.js';

const width = 320;
const height = 72;

const path = (values, most, from = values.map(() => 0)) => {
  const x = (i) => (values.length > 1 ? (i / (values.length - 1)) * width : width);
  const y = (value) => height - 2 - (most > 0 ? (value / most) * (height - 6) : 0);
  const top = values.map((value, i) => `${x(i).toFixed(1)},${y(from[i] + value).toFixed(1)}`);
  const bottom = from.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).reverse();
  return { line: `M${top.join('L')}`, area: `M${[...top, ...bottom].join('L')}Z` };
};

/// A plot of *series*, lists of values of equal length, each with a name and a kind that is its colour. Stacked if
/// there are several. *show* writes a value: the last one stands beside the name, unless the series has a `total`.
export function plot(title, times, series, show) {
  const totals = times.map((_, i) => series.reduce((sum, { values }) => sum + (values[i] ?? 0), 0));
  const most = Math.max(0, ...totals);
  const shapes = [];
  let below = times.map(() => 0);
  for (const { values, kind } of times.length ? series : []) {
    const clean = values.map((value) => value ?? 0);
    const { line, area } = path(clean, most, below);
    shapes.push(svg('path', { d: area, class: `area s-${kind}` }), svg('path', { d: line, class: `line s-${kind}` }));
    below = below.map((value, i) => value + clean[i]);
  }
  const told = ({ total, values }) => total ?? values.at(-1) ?? 0;
  const drawing = svg('svg', { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': `${title}: ${show(series.reduce((sum, each) => sum + told(each), 0))}` }, ...shapes);
  const latest = series.map((each) => h('span', { class: `key s-${each.kind}` }, series.length > 1 ? `${each.name} ` : '', h('b', { text: show(told(each)) })));
  const rows = times.length > 12 ? times.filter((_, i) => (times.length - 1 - i) % Math.ceil(times.length / 12) === 0) : times;
  const table = h(
    'table',
    {},
    h('caption', { text: title }),
    h('thead', {}, h('tr', {}, h('th', { scope: 'col', text: t('time') }), series.map(({ name }) => h('th', { scope: 'col', text: name })))),
    h('tbody', {}, rows.map((time) => h('tr', {}, h('th', { scope: 'row', text: clock(new Date(time)) }), series.map(({ values }) => h('td', { text: show(values[times.indexOf(time)] ?? 0) }))))),
  );
  return h('figure', { class: 'plot' }, h('figcaption', {}, h('span', { text: title }), h('span', { class: 'latest' }, latest)), drawing, h('div', { class: 'unseen' }, table));
}
