// nekod keeps accepting connections: after errors of the system, and after running out of file descriptors.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Connection, checkStream, gateway, leadingTo, patience, rawRequest, sanitized, simulator, unique, until } from './support.mjs';

const sim = await simulator({ after });
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const failing = join(resolve(root, process.env.NEKOD_BIN_DIR ?? 'build/release'), 'tests/libnekod_failing_accept.so');

const health = (nekod) => fetch(`${nekod.url}/health`, { signal: AbortSignal.timeout(patience) }).catch(() => undefined);
const told = (nekod) => nekod.log.match(/cannot accept connections/g)?.length ?? 0;

test('errors of accept do not end it, and are told once', { skip: sanitized }, async (t) => {
  assert.ok(existsSync(failing), failing);
  const { ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPROTO, ENETDOWN, EHOSTUNREACH, ENETUNREACH, EPERM, EOPNOTSUPP } = constants.errno;
  const errors = [ENFILE, ENOBUFS, ENOMEM, EMFILE, EPROTO, ECONNABORTED, ENETDOWN, EHOSTUNREACH, ENETUNREACH, EPERM, EOPNOTSUPP, ENFILE];
  const env = { LD_PRELOAD: failing, NEKOD_ACCEPT_ERRORS: errors.join(' ') };
  const nekod = await gateway(t, leadingTo(sim), { env });
  // The connections of two of them are lost with them.
  await until(() => health(nekod), 'nobody is accepted');
  await nekod.ask(unique());
  await nekod.logged(/ POST /);
  assert.equal(told(nekod), 1, nekod.log);
  // One error alone comes from one connection.
  for (const error of errors) {
    const alone = await gateway(t, leadingTo(sim), { env: { ...env, NEKOD_ACCEPT_ERRORS: `${error}` } });
    await until(() => health(alone), `nobody is accepted behind ${error}`);
  }
});

test('out of descriptors, streams go on, nothing spins, and who waits is served later', { skip: sanitized }, async (t) => {
  const nekod = await gateway(t, leadingTo(sim));
  const text = unique('running');
  const stream = await nekod.stream(`[sim tokens=400 delay=20] ${text}`);
  await stream.started();
  const limit = (files) => execFileSync('prlimit', ['--pid', `${nekod.pid}`, `--nofile=${files}:`]);
  const open = () => readdirSync(`/proc/${nekod.pid}/fd`).length;
  const before = open();
  limit(before);
  const waiting = Array.from({ length: 50 }, () => new Connection(nekod.port).reading());
  for (const connection of waiting) connection.socket.write(rawRequest('GET', '/health'));
  await nekod.logged(/cannot accept connections/);
  // The stream needs some processor time; a loop that kept trying would need all of it.
  const [began, ticks] = [process.hrtime.bigint(), nekod.ticks()];
  for (let i = 0; i < 100; ++i) await stream.more();
  const used = (nekod.ticks() - ticks) * 10_000_000;
  assert.ok(used < Number(process.hrtime.bigint() - began) / 3, `${used / 1e6} ms of the processor`);
  assert.ok(open() < before + 5, `${open()}, from ${before}`);
  assert.ok(waiting.filter((connection) => connection.text === '').length > 40, 'there were descriptors');
  limit(before + 200);
  for (const connection of waiting) await connection.seen(/healthy/);
  assert.ok(checkStream(await stream.rest()).text.includes(text));
  assert.equal(told(nekod), 1);
  await nekod.ask(unique());
  waiting.forEach((connection) => connection.end());
});

test('the simulator saw no wrong use', async () => {
  assert.deepEqual((await sim.quiet()).violations, []);
});
