// The report: one page without further files.

import { subjects } from './figures.mjs';
import { median } from './numbers.mjs';
import { goalPlot, pairPlot, short, style as plotStyle } from './plots.mjs';
import { colours, element, verbatim } from './svg.mjs';
import { tables } from './tables.mjs';

const style = `
:root { color-scheme: light dark; --text: #222; --soft: #666; --line: #ddd; --page: #fff;
  --other: ${colours[0]}; --nekod: ${colours[1]}; }
@media (prefers-color-scheme: dark) {
  :root { --text: #ddd; --soft: #999; --line: #3a3a3a; --page: #181818; --other: #e8935a; --nekod: #6aa7f0; }
}
body { font: 15px/1.45 sans-serif; color: var(--text); background: var(--page); max-width: 1000px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.2em; margin-top: 2em; } h3 { font-size: 1em; margin: 1.6em 0 0.4em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9em; margin: 0.8em 0; }
th, td { border-bottom: 1px solid var(--line); padding: 0.25em 0.7em; text-align: right; vertical-align: top; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; min-width: 12em; white-space: normal; }
th { font-weight: normal; color: var(--soft); }
table.said td { text-align: left; white-space: normal; min-width: 0; }
p, li { max-width: 46em; } .soft { color: var(--soft); }
${plotStyle}`;

const heading = (level, words) => element(`h${level}`, {}, words);
const paragraph = (words, more = {}) => element('p', more, words);

function table({ head, rows }, more = {}) {
  const cells = (name, those) => element('tr', {}, those.map((cell) => element(name, {}, cell)));
  const top = head ? [element('thead', {}, cells('th', head))] : [];
  const body = element('tbody', {}, rows.map((row) => cells('td', row)));
  return element('div', { class: 'wide' }, element('table', more, top, body));
}

// -- the machine ---------------------------------------------------------------------------------

const load = (machine) => machine?.load.map((n) => n.toFixed(2)).join(', ');
const day = (machine) => machine?.date.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
const joined = (words, between = ', ') => words.filter(Boolean).join(between) || undefined;

function machineTable(lines) {
  const machine = (when) => lines.find((line) => line.kind === 'machine' && line.when === when);
  const [begin, end] = [machine('begin'), machine('end')];
  const plan = lines.find(({ kind }) => kind === 'plan');
  const facts = [
    ['begun', day(begin)],
    ['ended', day(end)],
    ['runs', plan && `${plan.pairs} ${plan.pairs === 1 ? 'pair' : 'pairs'} of ${plan.seconds} s`],
    ['processor', begin && joined([begin.cpu, `${begin.cores} cores`])],
    ['memory', begin?.memory_mib && `${begin.memory_mib} MiB`],
    ['system', begin && joined([begin.system, begin.debian && `version ${begin.debian}`, begin.kernel && `Linux ${begin.kernel}`])],
    ['load average at the beginning', load(begin)],
    ['at the end', load(end)],
    ['nekod', joined([begin?.nekod, begin?.build_type, begin?.compiler])],
    ['nginx', begin?.nginx],
  ];
  return table({ rows: facts.map(([name, fact]) => [name, fact || 'not known']) }, { class: 'said' });
}

// -- what was measured ---------------------------------------------------------------------------

function failureList({ failures }) {
  if (!failures.length) return [];
  return [element('ul', {}, failures.map(({ pair, server, why }) => element('li', {}, `Pair ${pair}, ${server}: ${why}`)))];
}

function pairsOf(subject, names, unit, goal) {
  const { name, pairs, medians } = subject;
  const plotted = pairs.some(({ other, nekod }) => !other.failure || !nekod.failure);
  return [
    heading(3, name),
    plotted
      ? pairPlot({ label: name, unit, names, pairs, medians: medians || undefined, goal: medians ? goal(medians.other.value) : undefined })
      : paragraph('Not measured.'),
    ...failureList(subject),
  ];
}

const ratioWords = ({ compared, goal }) =>
  compared ? `${short(compared.median)} (${short(compared.least)} to ${short(compared.most)}), goal ${goal}` : 'not measured';

function costs(those) {
  if (!those.length) return [];
  const ratio = (s) => ({ ...s, spread: s.compared, points: s.complete.map((pair) => pair.compared), words: ratioWords(s) });
  return [
    heading(2, 'Processor time beside nginx'),
    paragraph(
      'nginx relays the same upstream unread. Each bar is one run; runs of a pair followed each other. The ' +
        'goal is a multiple of what nginx used.',
    ),
    heading(3, 'nekod’s processor time, times nginx’s: each pair, the least and the most, the median, the goal'),
    goalPlot({ label: 'ratios of processor time', unit: 'nekod : nginx', rows: those.map(ratio) }),
    ...those.flatMap((s) => pairsOf(s, ['nginx', 'nekod'], 'µs of CPU', (other) => other * s.goal)),
  ];
}

const percentiles = ['p50', 'p90', 'p99', 'p99.9'];

function timesTable({ complete }) {
  const row = (name, side) => [
    name,
    ...percentiles.map((p) => median(complete.map((pair) => pair[side].times[p])).toFixed(3)),
  ];
  return table({ head: ['ms, medians of the pairs', ...percentiles], rows: [row('direct', 'other'), row('with nekod', 'nekod')] });
}

function times(those) {
  if (!those.length) return [];
  return [
    heading(2, 'Time that nekod adds'),
    paragraph('The simulator asked directly, and through nekod. The goal is for what nekod adds.'),
    ...those.flatMap((s) => [
      ...pairsOf(s, ['direct', 'with nekod'], `ms, ${s.percentile}`, (other) => other + s.goal),
      ...(s.complete.length ? [timesTable(s)] : []),
    ]),
  ];
}

// -- memory and rest -----------------------------------------------------------------------------

const mib = (kib) => kib / 1024;

/// Resident memory, as far as it was measured: at rest, and with many streams.
function memoryRows(those) {
  const rest = those.find(({ parts }) => parts?.resident_kib);
  const many = those.find(({ parts }) => parts?.held_kib);
  const row = (name, kib, goal) => ({ name, value: mib(kib), goal, words: `${short(mib(kib))} MiB, goal ${short(goal)}` });
  return [
    ...(rest ? [row('at rest', rest.parts.resident_kib, rest.goal)] : []),
    ...(many
      ? [row(`with ${many.parts.streams} streams`, many.parts.held_kib, mib(many.parts.before_kib + many.goal * many.parts.streams))]
      : []),
  ];
}

function figures(those) {
  if (!those.length) return [];
  const share = ({ name, value, goal }) => {
    if (value === null) return { name, goal: 1, words: 'not measured' };
    return { name, value: value / goal, goal: 1, words: `${short(value)}, goal ${goal}` };
  };
  const memory = memoryRows(those);
  return [
    heading(2, 'At rest, and with many streams'),
    goalPlot({ label: 'figures beside their goals', unit: 'times the goal', rows: those.map(share) }),
    ...(memory.length
      ? [heading(3, 'Resident memory'), goalPlot({ label: 'resident memory', unit: 'MiB', rows: memory })]
      : []),
  ];
}

/// @param lines What bench/compare gathered.
export function page(lines) {
  const all = subjects(lines);
  const of = (kind) => all.filter((subject) => subject.kind === kind);
  const head = element(
    'head',
    {},
    element('meta', { charset: 'utf-8' }),
    element('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    element('title', {}, 'nekod beside nginx'),
    element('style', {}, verbatim(style)),
  );
  const body = element(
    'body',
    {},
    heading(1, 'nekod beside nginx'),
    machineTable(lines),
    heading(2, 'Medians'),
    paragraph('CPU in microseconds. A ratio is the median of those of the pairs. Take ratios from here, not speeds.'),
    tables(all).filter(({ rows }) => rows.length).map((those) => table(those)),
    ...costs(of('cost')),
    ...times(of('time')),
    ...figures(of('figure')),
  );
  return `<!DOCTYPE html>\n${element('html', { lang: 'en' }, head, body)}\n`;
}
