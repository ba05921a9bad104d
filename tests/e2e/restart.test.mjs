// Restarts under load: with a socket that outlives nekod, like systemd's, no request is lost.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { gateway, leadingTo, programs, sanitized, simulator, temporaryFolder, until } from './support.mjs';

/// A bound socket that is not accepted from here; `fd` is for programs that inherit it.
function boundSocket(t) {
  const { TCP, constants } = process.binding('tcp_wrap');
  const handle = new TCP(constants.SERVER);
  assert.equal(handle.bind('127.0.0.1', 0), 0);
  const name = {};
  assert.equal(handle.getsockname(name), 0);
  t.after(() => handle.close());
  return { fd: handle.fd, port: name.port };
}

/// nekod-bench with these arguments; `figures` when it has ended.
function load(t, args) {
  const bench = spawn('setpriv', ['--pdeathsig', 'KILL', join(programs, 'nekod-bench'), ...args, '--json', '-', '--quiet']);
  let [out, said] = ['', ''];
  bench.stdout.setEncoding('utf8').on('data', (piece) => (out += piece));
  bench.stderr.setEncoding('utf8').on('data', (piece) => (said += piece));
  t.after(() => bench.kill('SIGKILL'));
  const figures = new Promise((ended) => bench.on('close', () => ended(out)));
  return figures.then((text) => {
    assert.ok(text, said);
    return JSON.parse(text);
  });
}

const rate = sanitized ? 50 : 500;

for (const [connections, fields] of [
  ['a connection each', ['--header', 'Connection: close']],
  ['kept connections', []],
])
  test(`${rate} requests a second over ${connections} go through two restarts, and none fails`, async (t) => {
    const sim = await simulator(t);
    const { fd, port } = boundSocket(t);
    const file = join(temporaryFolder(t), 'sessions.db');
    const args = [...leadingTo(sim), '--store', `sqlite:${file}`, '--drain-delay', '0.5'];
    const start = async () => {
      const nekod = await gateway(t, args, { socket: fd });
      assert.equal(nekod.port, port);
      return nekod;
    };
    let nekod = await start();
    const figures = load(t, [
      ...[`http://127.0.0.1:${port}/v1`, '--rate', `${rate}`, '--duration', '9', '--turns', '3', '--tokens', '4'],
      ...['--clients', '4000', '--timeout', '50', '--grace', '50', ...fields],
    ]);
    for (const round of [1, 2]) {
      const answered = (await sim.report()).replies_completed + rate;
      await until(async () => (await sim.report()).replies_completed > answered, `no load in round ${round}`);
      nekod.kill();
      assert.deepEqual(await nekod.ended(), { code: 0, signal: null });
      nekod = await start();
    }
    const { started, errors, faults } = await figures;
    assert.equal(errors, 0, JSON.stringify(faults));
    assert.ok(started > rate * 8, `${started}`);
    const report = await sim.quiet();
    assert.deepEqual(report.violations, []);
    assert.equal(report.replies_aborted, 0);
  });
