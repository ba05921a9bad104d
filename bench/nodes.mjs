// Measures nekods that share a PostgreSQL database, beside one with a file of SQLite, in one run: turns a second and
// nekod's processor time; one client alone; statements a turn; and turns with 10, 100 and 1,000 messages behind them.
//
//   scripts/node bench/nodes.mjs [ROUNDS [SECONDS]]     3 rounds of 3 seconds by default
//
// The simulator, the database and all nekods run on loopback, with the load generator. Prints medians of the rounds; the
// order changes from round to round. The database syncs each commit to the disk, as by default. The programs are those
// of build/release, or of NEKOD_BIN_DIR. Needs Debian's PostgreSQL.

import { spawn, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { Database, noDatabase } from '../tests/e2e/database.mjs';
import { gateway, leadingTo, programs, simulator } from '../tests/e2e/support.mjs';

if (noDatabase) throw new Error(noDatabase);
const [rounds, seconds] = [Number(process.argv[2] ?? 3), Number(process.argv[3] ?? 3)];
const cleanups = [];
const scope = { after: (f) => cleanups.unshift(f) };

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const sum = (values) => values.reduce((a, b) => a + b, 0);
const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);
const head = (...cells) => {
  row(...cells);
  row(...cells.map(() => '---'));
};

/// The figures of one run of the load generator, which must have no errors.
function load(nekod, ...args) {
  const words = [`${nekod.url}/v1`, '--watch', `${nekod.pid}`, '--tokens', '4', '--timeout', '20', '--quiet', '--json', '-', ...args];
  const bench = spawn(join(programs, 'nekod-bench'), words.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  bench.stdout.on('data', (part) => (text += part));
  return new Promise((resolve, reject) =>
    bench.on('close', (code) => (code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`nekod-bench ends with ${code}:\n${text}`)))),
  );
}

/// Turns a second of all *nodes* together, and their processor time in microseconds a turn.
async function turns(nodes, clients) {
  const each = Math.max(1, Math.round(clients / nodes.length));
  const conversations = ['--turns', 20, '--continue', 'session', '--warm-up', 0.5, '--duration', seconds];
  const all = await Promise.all(nodes.map((node) => load(node, '--clients', each, ...conversations)));
  return {
    rate: sum(all.map((f) => f.answers_per_second)),
    cost: (1e6 * sum(all.map((f) => f.watched_cpu_seconds))) / sum(all.map((f) => f.answers)),
  };
}

const folder = mkdtempSync(join(tmpdir(), 'nekod-nodes-'));
scope.after(() => rmSync(folder, { recursive: true }));
const sim = await simulator(scope);
const database = new Database({ durable: true });
const stores = { sqlite: `sqlite:${join(folder, 'sessions.db')}`, postgres: database.uri('nodes') };

/// Sessions with that many messages behind them, as `nekod sessions import` reads them, under the key of the store.
function prepare(store, lengths, each) {
  const words = (command) => ['sessions', command, '--store', store];
  const run = (command, input) => {
    const { status, stdout, stderr } = spawnSync(join(programs, 'nekod'), words(command), { input, encoding: 'utf8', maxBuffer: 1 << 28 });
    if (status !== 0) throw new Error(stderr);
    return stdout;
  };
  run('import', `{"nekod_sessions":1,"digest_key":"${'AB'.repeat(32)}"}\n{"end":{"sessions":0,"responses":0}}\n`);
  const lines = lengths.flatMap((length) =>
    Array.from({ length: each }, (_, i) => {
      const messages = Array.from({ length }, (__, n) => ({
        message: JSON.stringify({ role: n % 2 ? 'assistant' : 'user', content: `${n} ${'x'.repeat(500)}` }),
      }));
      const chat = { id: '', upstream: '', account: '', model: '', is_new: false, unsettled_message: '', messages: 0, unsure: false };
      const now = Date.now() * 1000;
      const times = { created_at: now, last_used: now, kept_until: null };
      return JSON.stringify({
        session: {
          id: `long-${length}-${i}`, tenant: '', model: 'mihoyo-orange_cat', ...times, turns: length / 2, conversation: '',
          newest_response: '', metadata: '{}', scope: '', tip: '', prompt: null, chat, messages, answer: null,
        },
      });
    }),
  );
  const end = JSON.stringify({ end: { sessions: lines.length, responses: 0 } });
  run('import', [JSON.stringify({ nekod_sessions: 1, digest_key: 'AB'.repeat(32) }), ...lines, end, ''].join('\n'));
}

const lengths = [10, 100, 1000];
const each = 20;
for (const store of Object.values(stores)) prepare(store, lengths, each);
const start = (store) => gateway(scope, [...leadingTo(sim), '--store', store]);
const sqlite = await start(stores.sqlite);
const nodes = [await start(stores.postgres), await start(stores.postgres), await start(stores.postgres)];
const settings = { sqlite: [sqlite], 'one node': nodes.slice(0, 1), 'two nodes': nodes.slice(0, 2), 'three nodes': nodes };

try {
  console.log(`medians of ${rounds} rounds of ${seconds} s; CPU is that of all nekods, in microseconds a turn\n`);
  head('clients', 'store', 'turns a second', 'CPU a turn', 'beside sqlite');
  for (const clients of [16, 64]) {
    const found = Object.fromEntries(Object.keys(settings).map((name) => [name, { rate: [], cost: [] }]));
    for (let round = 0; round < rounds; ++round) {
      const names = Object.keys(settings);
      for (const name of round % 2 ? names.reverse() : names) {
        const { rate, cost } = await turns(settings[name], clients);
        found[name].rate.push(rate);
        found[name].cost.push(cost);
      }
    }
    for (const [name, { rate, cost }] of Object.entries(found)) {
      const ratio = median(cost.map((c, i) => c / found.sqlite.cost[i]));
      row(clients, name, median(rate).toFixed(0), median(cost).toFixed(0), ratio.toFixed(2));
    }
  }

  console.log('\none client, one turn after the other; times in milliseconds\n');
  head('store', 'turn, p50', 'mean commit', 'statements a turn');
  for (const [name, [node]] of Object.entries(settings).slice(0, 2)) {
    // Each is a transaction of its own. Idle connections tell their statistics after 10 s.
    const pause = 11_000;
    const statements = async () => {
      await new Promise((wake) => setTimeout(wake, pause));
      return Number(database.sql(`SELECT xact_commit FROM pg_stat_database WHERE datname = '${database.name('nodes')}'`));
    };
    const commits = async () => [await node.figure('nekod_store_commit_seconds_sum'), await node.figure('nekod_store_commit_seconds_count')];
    const earlier = await statements();
    const [before, spent] = [await statements(), await commits()];
    const begun = Date.now();
    const figures = await load(node, '--clients', 1, '--requests', 300, '--turns', 20, '--continue', 'session');
    const [after, now] = [await statements(), await commits()];
    const meanwhile = ((before - earlier) * (Date.now() - begun)) / pause;
    const commit = (1000 * (now[0] - spent[0])) / (now[1] - spent[1]);
    row(name, figures.milliseconds.total.p50.toFixed(2), commit.toFixed(2), name === 'sqlite' ? '' : ((after - before - meanwhile) / 300).toFixed(1));
  }

  console.log('\na turn of a named session with that many messages of 500 bytes behind it, one client; median time in milliseconds\n');
  head('messages', ...Object.keys(settings).slice(0, 2));
  for (const length of lengths) {
    const times = { sqlite: [], 'one node': [] };
    for (let i = 0; i < each; ++i)
      for (const name of i % 2 ? Object.keys(times).reverse() : Object.keys(times)) {
        const goOn = () => settings[name][0].ask('[sim tokens=4] go on', { session_id: `long-${length}-${i}` });
        // The first turn of an imported session begins a chat that is told all.
        await goOn();
        const begun = performance.now();
        await goOn();
        times[name].push(performance.now() - begun);
      }
    row(length, ...Object.values(times).map((t) => median(t).toFixed(2)));
  }
} finally {
  for (const f of cleanups) await f();
}
