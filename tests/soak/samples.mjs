// What is measured while traffic runs, what must not grow, and the plot.

import { readFileSync, readdirSync } from 'node:fs';
import { median } from '../../bench/report/numbers.mjs';
import { colours, element } from '../../bench/report/svg.mjs';

/// The measures, with the allowed growth from the second to the last quarter, as a fraction and as a number. The
/// first quarter is for warming up: caches, pools, the allocator.
export const measures = {
  memory_kib: { part: 0.1, number: 4096 },
  descriptors: { part: 0.15, number: 10 },
  threads: { part: 0, number: 0 },
  sessions: { part: 0.2, number: 20 },
  stored_sessions: { part: 0.2, number: 100 },
  client_connections: { part: 0.2, number: 10 },
  upstream_connections: { part: 0.2, number: 10 },
  buffered_bytes: { part: 0.5, number: 1 << 20 },
};

/// The sum of a metric over its labels.
function total(text, name) {
  const lines = text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'));
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}

export async function sample(nekod) {
  const status = readFileSync(`/proc/${nekod.pid}/status`, 'utf8');
  const metrics = await (await fetch(`${nekod.url}/metrics`)).text();
  return {
    memory_kib: Number(status.match(/VmRSS:\s+(\d+)/)[1]),
    descriptors: readdirSync(`/proc/${nekod.pid}/fd`).length,
    threads: Number(status.match(/Threads:\s+(\d+)/)[1]),
    sessions: total(metrics, 'nekod_sessions'),
    stored_sessions: total(metrics, 'nekod_stored_sessions'),
    client_connections: total(metrics, 'nekod_open_connections'),
    upstream_connections: total(metrics, 'nekod_upstream_connections'),
    buffered_bytes: total(metrics, 'nekod_buffered_bytes'),
  };
}

/// The medians of the second and the last quarter for each measure, and whether it has grown.
export function growth(samples) {
  const quarter = Math.floor(samples.length / 4);
  return Object.entries(measures).map(([name, { part, number }]) => {
    const values = samples.map((s) => s[name]);
    const early = median(values.slice(quarter, 2 * quarter));
    const late = median(values.slice(-quarter));
    return { name, early, late, grown: late > early * (1 + part) + number };
  });
}

export function csv(runs) {
  const names = Object.keys(measures);
  const lines = Object.entries(runs).flatMap(([kind, samples]) =>
    samples.map((s) => [kind, s.seconds, ...names.map((name) => s[name])].join(',')),
  );
  return [['upstream', 'seconds', ...names].join(','), ...lines, ''].join('\n');
}

const [width, height, left] = [640, 90, 70];

const text = (x, y, words, more = {}) => element('text', { x, y, ...more }, words);

/// One measure as a panel, with a line for each kind of upstream.
function panel(runs, name, top) {
  const all = Object.values(runs).flat();
  const most = Math.max(1, ...all.map((s) => s[name]));
  const last = Math.max(1, ...all.map((s) => s.seconds));
  const floor = top + height;
  const lines = Object.values(runs).map((samples, i) => {
    const step = Math.ceil(samples.length / 160);
    const points = samples
      .filter((_, at) => at % step === 0)
      .map((s) => `${(left + (s.seconds / last) * width).toFixed(0)},${(floor - (s[name] / most) * (height - 20)).toFixed(0)}`);
    return element('polyline', { fill: 'none', stroke: colours[i], points: points.join(' ') });
  });
  return [
    text(4, top + 12, name),
    text(4, top + 28, most),
    element('line', { x1: left, y1: floor, x2: left + width, y2: floor, stroke: '#999' }),
    lines,
  ];
}

/// Reduced, so that the plot can be kept in git.
export function plot(runs) {
  const names = Object.keys(measures);
  const last = Math.max(...Object.values(runs).flat().map((s) => s.seconds));
  const size = { width: left + width + 10, height: names.length * (height + 10) + 30 };
  const svg = element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', ...size, 'font-family': 'sans-serif', 'font-size': 11 },
    element('rect', { width: '100%', height: '100%', fill: 'white' }),
    Object.keys(runs).map((kind, i) => text(left + 90 * i, 14, kind, { fill: colours[i] })),
    text(left + width - 60, 14, `${Math.round(last / 60)} minutes`),
    names.map((name, i) => panel(runs, name, 24 + i * (height + 10))),
  );
  return `${svg}\n`;
}
