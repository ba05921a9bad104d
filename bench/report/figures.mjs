// Turns what bench/compare gathered into results: one subject for each row of the tables.

import { median, spread } from './numbers.mjs';

/// The objects in a file: the elements of an array, or one per line.
export function parsed(text) {
  if (text.startsWith('[')) return JSON.parse(text);
  return text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

/// Why a run of nekod-bench does not count, or undefined.
export function failureOf({ exit, complaint, figures }) {
  if (exit === 0) return undefined;
  if (exit === 124) return 'nekod-bench did not end';
  if (figures?.faults?.length) {
    return figures.faults.map(({ kind, detail, count }) => `${count} × ${kind} (${detail})`).join(', ');
  }
  return complaint || `nekod-bench ended with code ${exit}`;
}

// The value of a subject in one run, if the run has it.

function costOf({ unit }, { figures }) {
  const each = (seconds) => (seconds * 1e6) / figures[unit];
  return {
    value: each(figures.watched_cpu_seconds),
    rate: figures[`${unit}_per_second`],
    own: each(figures.own_cpu_seconds),
  };
}

function timeOf({ time, percentile }, { figures }) {
  return { value: figures.milliseconds[time][percentile], times: figures.milliseconds[time] };
}

const kinds = {
  cost: { other: 'nginx', shown: costOf, compared: (other, nekod) => nekod / other },
  time: { other: 'simulator', shown: timeOf, compared: (other, nekod) => nekod - other },
};

function shownBy(head, run) {
  if (!run) return { failure: 'was not run' };
  const failure = failureOf(run);
  if (failure) return { failure };
  const shown = kinds[head.kind].shown(head, run);
  return Number.isFinite(shown.value) ? shown : { failure: 'nothing was counted' };
}

function pairOf(head, runs, number) {
  const { other: opponent, compared } = kinds[head.kind];
  const of = (server) => shownBy(head, runs.find((run) => run.pair === number && run.server === server));
  const [other, nekod] = [of(opponent), of('nekod')];
  const complete = !other.failure && !nekod.failure;
  return { number, other, nekod, complete, compared: complete ? compared(other.value, nekod.value) : undefined };
}

/// A subject of pairs. A pair with a failed run counts only in `failures`.
function subjectOfPairs(head, lines) {
  const runs = lines.filter(({ kind, name }) => kind === 'run' && name === head.name);
  const planned = lines.find(({ kind }) => kind === 'plan')?.pairs ?? 0;
  const number = Math.max(planned, ...runs.map(({ pair }) => pair));
  const pairs = Array.from({ length: number }, (_, i) => pairOf(head, runs, i + 1));
  const complete = pairs.filter((pair) => pair.complete);
  const medians = (side, name) => median(complete.map((pair) => pair[side][name]));
  const other = kinds[head.kind].other;
  return {
    ...head,
    other,
    pairs,
    complete,
    medians: complete.length && {
      other: { value: medians('other', 'value'), rate: medians('other', 'rate') },
      nekod: { value: medians('nekod', 'value'), rate: medians('nekod', 'rate'), own: medians('nekod', 'own') },
    },
    compared: spread(complete.map((pair) => pair.compared)),
    failures: pairs.flatMap((pair) =>
      ['other', 'nekod']
        .filter((side) => pair[side].failure)
        .map((side) => ({ pair: pair.number, server: side === 'other' ? other : side, why: pair[side].failure })),
    ),
  };
}

function subjectOfOne(line) {
  return line.value === null ? { ...line, failure: failureOf(line.run) } : line;
}

/// All subjects, in the order of measurement, of kind `cost`, `time` or `figure`.
export function subjects(lines) {
  return lines.flatMap((line) => {
    if (kinds[line.kind]) return [subjectOfPairs(line, lines)];
    return line.kind === 'figure' ? [subjectOfOne(line)] : [];
  });
}
