// The two tables, as cells and as Markdown.

const fixed = (number, digits = 2) => number.toFixed(digits);
const range = ({ least, most }) => `${fixed(least)} to ${fixed(most)}`;

/// Why part of a subject was not measured, to be added to its name.
function remark({ kind, failure, failures, pairs, complete }) {
  if (kind === 'figure') return failure ? ` (not measured: ${failure})` : '';
  if (complete.length === pairs.length && pairs.length) return '';
  const whys = [...new Set(failures.map(({ server, why }) => `${server}: ${why}`))];
  const more = whys.length > 1 ? `, and ${whys.length - 1} more` : '';
  const count = complete.length ? `${complete.length} of ${pairs.length} pairs` : 'not measured';
  return ` (${count}${whys.length ? `; ${whys[0]}${more}` : ''})`;
}

function costRow(subject) {
  const { name, goal, medians, compared } = subject;
  const first = `${name}${remark(subject)}`;
  if (!compared) return [first, '–', '–', '–', '–', fixed(goal), '–', '–', '–'];
  const { other, nekod } = medians;
  const [costs, rates] = [[other.value, nekod.value], [other.rate, nekod.rate]];
  return [
    first,
    ...costs.map((cost) => fixed(cost)),
    fixed(compared.median),
    range(compared),
    fixed(goal),
    ...rates.map((rate) => fixed(rate, 0)),
    fixed(nekod.own),
  ];
}

function timeRow(subject) {
  const { name, goal, medians, compared } = subject;
  if (!compared) return [`${name}${remark(subject)}`, '–', '–', String(goal)];
  const both = `direct ${fixed(medians.other.value, 3)}, with nekod ${fixed(medians.nekod.value, 3)}`;
  return [`${name}: ${both}${remark(subject)}`, fixed(compared.median), range(compared), String(goal)];
}

function figureRow(subject) {
  const { name, value, goal } = subject;
  return [`${name}${remark(subject)}`, value === null ? '–' : fixed(value), '', String(goal)];
}

const costHead = [
  'work',
  'nginx, CPU',
  'nekod, CPU',
  'ratio',
  'least to most',
  'goal',
  'nginx, a second',
  'nekod, a second',
  'nekod-bench, CPU',
];
const otherHead = ['what else', 'measured', 'least to most', 'goal, at most'];

const rows = { cost: costRow, time: timeRow, figure: figureRow };

/// The tables of some subjects: the comparison with nginx, and the rest. Each has a head and rows of as many cells.
export function tables(subjects) {
  const table = (head, those) => ({ head, rows: those.map((subject) => rows[subject.kind](subject)) });
  return [
    table(costHead, subjects.filter(({ kind }) => kind === 'cost')),
    table(otherHead, subjects.filter(({ kind }) => kind !== 'cost')),
  ];
}

const markdownRow = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
const markdownHead = (head) => ['', markdownRow(head), `|${'---|'.repeat(head.length)}`];

/// The row of the subject of that name, after the table's head if it is the first row of its table.
export function markdownOf(name, subjects) {
  const subject = subjects.find((s) => s.name === name);
  const isCost = ({ kind }) => kind === 'cost';
  const first = subjects.find((s) => isCost(s) === isCost(subject)) === subject;
  const { head, rows: only } = tables([subject])[isCost(subject) ? 0 : 1];
  return [...(first ? markdownHead(head) : []), markdownRow(only[0])].join('\n');
}
