// bench/compare: figures of the load generator reach its tables and its report, and it continues if something
// cannot be measured. No figure is judged.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'node:test';
import { programs, temporaryFolder } from './support.mjs';

const script = resolve(import.meta.dirname, '../../bench/compare');

/// Runs it, and returns what it printed and wrote.
function compare(folder, where, ...args) {
  const html = join(folder, 'report.html');
  const env = { ...process.env, NEKOD_BIN_DIR: where };
  const { status, stdout, stderr } = spawnSync(script, ['--html', 'report.html', ...args], { encoding: 'utf8', env, cwd: folder });
  assert.equal(status, 0, stderr);
  assert.ok(stderr.endsWith(`report: ${html}, its figures: ${join(folder, 'report.json')}\n`), stderr);
  const rows = stdout.split('\n').filter((line) => /^\| .*\d/.test(line));
  return { rows, page: readFileSync(html, 'utf8'), lines: JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) };
}

/// The programs' folder, with a script instead of the load generator, made of what follows `case "$*" in`.
function withGenerator(folder, cases) {
  for (const name of ['nekod', 'nekod-sim']) symlinkSync(join(programs, name), join(folder, name));
  const generator = `#!/usr/bin/env bash
while [ "$1" != --json ]; do kept+=" $1"; shift; done
write() { # CPU ERRORS
  echo "{\\"pieces\\":1000000,\\"pieces_per_second\\":7000,\\"own_cpu_seconds\\":1,\\"watched_cpu_seconds\\":$1,\\"faults\\":[$2]}" >"$file"
}
file="$2"
late='{"kind":"not_started","detail":"no client was free","count":9}'
case "$kept" in ${cases} esac
`;
  writeFileSync(join(folder, 'nekod-bench'), generator);
  chmodSync(join(folder, 'nekod-bench'), 0o755);
  return folder;
}

test('real figures come into the row and the report', (t) => {
  const { rows, page, lines } = compare(temporaryFolder(t), programs, '--only', 'first text', '1', '1');
  assert.equal(rows.length, 1);
  assert.match(rows[0], /^\| first text, one client, p50 in ms: direct \d+\.\d+, with nekod \d+\.\d+ \| \d+\.\d+ \| \d+\.\d+ to \d+\.\d+ \| 0\.3 \|$/);
  assert.deepEqual(lines.map(({ kind }) => kind), ['machine', 'plan', 'time', 'run', 'run', 'machine']);
  for (const { exit, figures } of lines.filter(({ kind }) => kind === 'run')) {
    assert.equal(exit, 0);
    assert.ok(figures.answers > 0 && figures.milliseconds.total.p50 > 0);
  }
  const [begin] = lines;
  assert.match(begin.nginx, /^nginx\/\d/);
  assert.match(begin.nekod, /\d+\.\d+/);
  assert.match(page, /<title>pair 1, with nekod: \d+(\.\d+)? ms, p50<\/title>/);
});

test('a pair in which the load generator fails is told in its row; others count', (t) => {
  const folder = temporaryFolder(t);
  const flag = join(folder, 'second');
  const cases = `
    *anuneko*) write 2 ;;
    *) if [ -e ${flag} ]; then write 3 "$late"; exit 1; fi; write 3; touch ${flag} ;;`;
  const { rows, lines } = compare(folder, withGenerator(folder, cases), '--only', '64 busy streams, an event a write', '2', '1');
  assert.deepEqual(rows, [
    '| 64 busy streams, an event a write: an event (1 of 2 pairs; nekod: 9 × not_started (no client was free)) ' +
      '| 2.00 | 3.00 | 1.50 | 1.50 to 1.50 | 1.00 | 7000 | 7000 | 1.00 |',
  ]);
  const order = lines.filter(({ kind }) => kind === 'run').map(({ server, pair, exit }) => [server, pair, exit]);
  assert.deepEqual(order, [['nginx', 1, 0], ['nekod', 1, 0], ['nekod', 2, 1], ['nginx', 2, 0]]);
});

test('rows that cannot be measured say why, and the others follow', (t) => {
  const folder = temporaryFolder(t);
  const cases = `*) echo 'it "cannot" be' >&2; exit 2 ;;`;
  const { rows, page } = compare(folder, withGenerator(folder, cases), '--only', '000', '1', '1');
  assert.deepEqual(rows, [
    '| 4,000 streams of an event a second: KiB a stream (not measured: it "cannot" be) | – |  | 24 |',
    '| 4,000 streams of an event a second: CPU an event, times that of 100 streams (not measured: it "cannot" be) | – |  | 1.1 |',
    '| 2,000 requests a second of 8 events, p99 in ms (not measured; simulator: it "cannot" be, and 1 more) | – | – | 1 |',
  ]);
  assert.match(page, /<li>Pair 1, nekod: it &quot;cannot&quot; be<\/li>/);
});
