// Mixed traffic for some minutes, with both kinds of upstream, and a check that nothing grows.
//
//     scripts/soak MINUTES [FOLDER]

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gateway, leadingTo, leadingToOpenai, simulator, until } from '../e2e/support.mjs';
import { Chance, seed } from '../e2e/chance.mjs';
import { csv, growth, plot, sample } from './samples.mjs';
import { Visitor, pause } from './traffic.mjs';

const minutes = Number(process.argv[2]);
assert.ok(minutes > 0, 'how many minutes?');
const results = process.argv[3] ?? 'build/soak';
const [visitors, between, interval] = [6, 100, 5000];
const end = Date.now() + minutes * 60_000;

/// What ends with this run, newest first.
const ends = [];
const scope = { after: (f) => ends.unshift(f) };

async function started(kind, leading) {
  const sim = await simulator(scope, ['--tokens', '30']);
  const folder = mkdtempSync(join(tmpdir(), 'nekod-soak-'));
  scope.after(() => rmSync(folder, { recursive: true, force: true }));
  const nekod = await gateway(scope, [
    ...leading(sim),
    ...['--store', `sqlite:${join(folder, 'nekod.db')}`],
    // Short, so that long before the second quarter as many sessions end as begin.
    ...['--session-idle', '10', '--session-ttl', '60', '--request-timeout', '1', '--answer-timeout', '5'],
    ...['--write-timeout', '5', '--threads', '2'],
  ]);
  return { sim, nekod, kind };
}

async function soak(room) {
  const chance = new Chance();
  const visitor = new Visitor({ ...room, chance });
  const samples = [];
  const begin = Date.now();
  const traffic = Array.from({ length: visitors }, async () => {
    for (; Date.now() < end; await pause(between * 2 * chance.next())) await visitor.visit();
  });
  const looking = (async () => {
    for (; Date.now() < end; await pause(interval)) {
      room.nekod.log = ''; // Of so many lines nobody reads the oldest.
      samples.push({ seconds: Math.round((Date.now() - begin) / 1000), ...(await sample(room.nekod)) });
    }
  })();
  await Promise.all([...traffic, looking]);

  let quiet;
  const closed = async () => {
    quiet = await sample(room.nekod);
    // Some upstream connections are kept.
    return quiet.buffered_bytes === 0 && quiet.client_connections < 20;
  };
  const left = await until(closed, 'what is open stays open').then(() => null, (error) => error.message);
  const report = await room.sim.quiet();
  const wrong = report.violations.filter(({ kind }) => kind !== 'unchosen');
  return { samples, counts: visitor.counts, quiet, left, wrong };
}

console.log(`soak: NEKOD_SEED=${seed}`);
let failed = false;
try {
  const rooms = [await started('anuneko', leadingTo), await started('openai', leadingToOpenai)];
  const outcomes = await Promise.all(rooms.map(soak));
  const runs = Object.fromEntries(rooms.map(({ kind }, i) => [kind, outcomes[i].samples]));
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'samples.csv'), csv(runs));
  writeFileSync(join(results, 'plot.svg'), plot(runs));
  rooms.forEach(({ kind }, i) => {
    const { counts, samples, quiet, left, wrong } = outcomes[i];
    console.log(`${kind}: ${samples.length} samples; ${JSON.stringify(counts)}`);
    console.table(growth(samples));
    console.log(`${kind}, a moment after: ${JSON.stringify(quiet)}`);
    if (left) console.log(`${kind}: ${left}`);
    if (wrong.length) console.log(`${kind}: wrong use: ${JSON.stringify(wrong)}`);
    failed ||= left !== null || wrong.length > 0 || growth(samples).some(({ grown }) => grown);
  });
} finally {
  for (const f of ends) await f();
}
console.log(failed ? 'soak: something grew, or was wrong' : `soak: nothing grew in ${minutes} minutes`);
process.exitCode = failed ? 1 : 0;
