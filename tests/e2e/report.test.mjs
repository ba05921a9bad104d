// The report of bench/compare, made of fixed figures: it shows them, and says which are missing.

import assert from 'node:assert/strict';
import test from 'node:test';
import { parsed, subjects } from '../../bench/report/figures.mjs';
import { page } from '../../bench/report/page.mjs';
import { apart, ticks } from '../../bench/report/plots.mjs';
import { markdownOf, tables } from '../../bench/report/tables.mjs';

const plan = (pairs) => ({ kind: 'plan', pairs, seconds: 3 });
const work = { kind: 'cost', name: 'busy streams: an event', unit: 'pieces', goal: 1.25 };
const delay = { kind: 'time', name: 'first text, p50 in ms', time: 'first_token', percentile: 'p50', goal: 0.3 };

/// A run of nekod-bench with that many microseconds for each of a million pieces.
const cost = (name, pair, server, micros, more = {}) => ({
  ...{ kind: 'run', name, pair, server, exit: 0, complaint: '' },
  figures: { pieces: 1e6, pieces_per_second: 500 * micros, own_cpu_seconds: 0.5, watched_cpu_seconds: micros },
  ...more,
});
const time = (name, pair, server, p50) => ({
  ...{ kind: 'run', name, pair, server, exit: 0, complaint: '' },
  figures: { milliseconds: { first_token: { p50, p90: 2 * p50, p99: 3 * p50, 'p99.9': 4 * p50 } } },
});
const late = { kind: 'not_started', detail: 'no client was free', count: 412 };
const failed = { exit: 1, figures: { pieces: 3, faults: [late] } };

const three = [plan(3), work, ...[[2, 3], [2.5, 3], [4, 8]].flatMap(([nginx, nekod], i) => [
  cost(work.name, i + 1, 'nginx', nginx),
  cost(work.name, i + 1, 'nekod', nekod),
])];

/// The cells of the first row of the first table with rows.
const row = (lines) => tables(subjects(lines)).find(({ rows }) => rows.length).rows[0];
const count = (text, what) => text.split(what).length - 1;

/// Checks that each element is closed properly. Returns the names of all.
function elements(html) {
  const [open, names] = [[], []];
  const style = html.replace(/<style>[^<]*<\/style>/, '').replace('<!DOCTYPE html>', '');
  for (const [, end, name, closed] of style.matchAll(/<(\/?)([a-z0-9]+)(?: [a-z0-9-]+="[^"<>]*")*(\/?)>/gi)) {
    if (end) assert.equal(open.pop(), name);
    else if (!closed) open.push(name);
    if (!end) names.push(name);
  }
  assert.deepEqual(open, []);
  assert.equal(count(style, '<'), style.match(/<\/?[a-z0-9]+(?: [a-z0-9-]+="[^"<>]*")*\/?>/gi).length);
  return names;
}

test('a row has the medians of both, and the median, least and most of the pairs’ ratios', () => {
  const cells = ['busy streams: an event', '2.50', '3.00', '1.50', '1.20 to 2.00', '1.25', '1250', '1500', '0.50'];
  assert.deepEqual(row(three), cells);
});

test('what nekod adds is the median of the pairs’ differences', () => {
  const runs = [[1, 1.5], [1.2, 1.4], [1.1, 2]].flatMap(([direct, through], i) => [
    time(delay.name, i + 1, 'simulator', direct),
    time(delay.name, i + 1, 'nekod', through),
  ]);
  assert.deepEqual(row([plan(3), delay, ...runs]), [
    'first text, p50 in ms: direct 1.100, with nekod 1.500',
    ...['0.50', '0.20 to 0.90', '0.3'],
  ]);
});

test('the first row of a table in Markdown has its head, the next has not', () => {
  const second = { ...work, name: 'other | work' };
  const all = subjects([...three, second]);
  assert.match(markdownOf(work.name, all), /^\n\| work \|.*\n\|(---\|){9}\n\| busy streams: an event \| 2\.50 /);
  assert.match(markdownOf(second.name, all), /^\| other \\\| work \(not measured; nginx: was not run, and 1 more\) \| – /);
});

test('a pair of which one run failed counts for nothing, and the row says so', () => {
  const lines = three.map((line) => (line.pair === 3 && line.server === 'nekod' ? { ...line, ...failed } : line));
  const [name, nginx, nekod, ratio] = row(lines);
  assert.equal(name, 'busy streams: an event (2 of 3 pairs; nekod: 412 × not_started (no client was free))');
  assert.deepEqual([nginx, nekod, ratio], ['2.25', '3.00', '1.35']);
  const html = page(lines);
  assert.match(html, /<li>Pair 3, nekod: 412 × not_started \(no client was free\)<\/li>/);
  assert.match(html, /<text [^>]*class="nekod missing">×<\/text>/);
  assert.equal(count(html, '<title>pair 3, nginx'), 1);
  assert.equal(count(html, '<title>pair 3, nekod'), 0);
});

test('a work of which nothing could be measured has a row that says why', () => {
  const both = ['nginx', 'nekod'].map((server) => cost(work.name, 1, server, 1, { exit: 2, figures: null, complaint: 'no such flag' }));
  const [name, ...cells] = row([plan(1), work, ...both]);
  assert.equal(name, 'busy streams: an event (not measured; nginx: no such flag, and 1 more)');
  assert.deepEqual(cells, ['–', '–', '–', '–', '1.25', '–', '–', '–']);
  assert.match(page([plan(1), work, ...both]), /<p>Not measured\.<\/p>/);
});

test('a run that counted nothing is none', () => {
  const empty = cost(work.name, 1, 'nekod', 0, { figures: { pieces: 0, watched_cpu_seconds: 0, own_cpu_seconds: 0 } });
  const [name] = row([plan(1), work, cost(work.name, 1, 'nginx', 1), empty]);
  assert.match(name, /not measured; nekod: nothing was counted/);
});

test('a figure that could not be measured has a row that says why', () => {
  const figure = { kind: 'figure', name: 'memory', value: null, goal: 24, run: { complaint: '', ...failed } };
  assert.deepEqual(row([figure]), ['memory (not measured: 412 × not_started (no client was free))', '–', '', '24']);
  assert.match(page([figure]), />not measured<\/text>/);
});

test('the page shows every run, the medians, the goal, and the machine', () => {
  const machine = { kind: 'machine', when: 'begin', date: '2026-01-02T03:04:05.678Z', load: [1, 2, 3.456], cpu: 'A <CPU>', cores: 2 };
  const end = { ...machine, when: 'end', load: [4, 5, 6] };
  const rest = { kind: 'figure', name: 'idle: MiB', value: 20, goal: 30, parts: { resident_kib: 20480 } };
  const html = page([machine, ...three, rest, end]);
  for (const shown of [
    ...['<td>2026-01-02 03:04:05 UTC</td>', '<td>1.00, 2.00, 3.46</td>', '<td>4.00, 5.00, 6.00</td>', '<td>A &lt;CPU&gt;, 2 cores</td>'],
    ...['<title>pair 1, nginx: 2.00 µs of CPU</title>', '<title>pair 3, nekod: 8.00 µs of CPU</title>'],
    ...['>nginx: 2.50</text>', '>nekod: 3.00</text>', '>goal for nekod: 3.13</text>'],
    ...['>1.50 (1.20 to 2.00), goal 1.25</text>', '>20.0 MiB, goal 30.0</text>', '<td>not known</td>'],
  ]) {
    assert.ok(html.includes(shown), `there is no ${shown}`);
  }
  assert.equal(elements(html).filter((name) => name === 'rect').length, 8, 'six runs, and two bars of the memory');
  assert.equal(count(html, '<circle'), 3);
});

test('heights are as figures are', () => {
  const html = page(three);
  const heights = [...html.matchAll(/<rect [^>]*height="([\d.]+)"[^>]*><title>pair/g)].map(([, height]) => Number(height));
  const [first] = heights;
  assert.deepEqual(heights.map((height) => Math.round((height / first) * 20) / 10), [2, 3, 2.5, 3, 4, 8]);
});

test('the page needs nothing else, and no text becomes markup', () => {
  const name = `</title><script src="http://x">'&`;
  const lines = three.map((line) => (line.name ? { ...line, name } : line));
  lines.push(cost(name, 4, 'nginx', 1, { exit: 2, figures: null, complaint: '<img src=x>' }));
  const names = elements(page(lines));
  assert.ok(names.includes('svg') && !names.some((n) => /^(script|link|img|iframe|image|use|a)$/.test(n)), names.join(' '));
  assert.ok(page(lines).includes('&lt;/title&gt;&lt;script src=&quot;http://x&quot;&gt;&#39;&amp;'));
  assert.ok(!/url\(|@import| (src|href)="/.test(page(lines)));
});

test('without any figures there is a page', () => {
  assert.ok(elements(page([])).includes('h1'));
});

test('figures are read from an array, and from lines', () => {
  assert.deepEqual(parsed(three.map((line) => JSON.stringify(line)).join('\n') + '\n'), three);
  assert.deepEqual(parsed(JSON.stringify(three)), three);
});

test('ticks begin at 0 and reach over all figures', () => {
  assert.deepEqual(ticks(8), [0, 2, 4, 6, 8]);
  assert.deepEqual(ticks(0.31), [0, 0.1, 0.2, 0.3, 0.4]);
  assert.deepEqual(ticks(0), [0, 0.25, 0.5, 0.75, 1]);
});

test('labels keep apart, in their order, above the bottom', () => {
  const placed = apart([{ y: 95, at: 'c' }, { y: 94, at: 'b' }, { y: 10, at: 'a' }], 15, 100);
  assert.deepEqual(placed.map(({ at, y }) => [at, y]), [['c', 100], ['b', 85], ['a', 10]]);
});
