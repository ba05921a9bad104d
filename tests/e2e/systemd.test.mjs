// nekod as a systemd service: its units, its messages to the manager, and what it inherits. systemd's own tools
// play the manager, and socat listens for messages.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Foreign, folder, onFreePort, path } from './foreign.mjs';
import {
  accountToken,
  checkStream,
  gateway,
  leadingTo,
  runToEnd,
  simulator,
  unique,
  until,
} from './support.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const units = join(root, 'scripts/systemd');
const program = join(resolve(root, process.env.NEKOD_BIN_DIR ?? 'build/release'), 'nekod');
const simulated = ['--upstream', 'simulator', '--port', '0'];

const analyze = (...args) => {
  const run = spawnSync('systemd-analyze', args, { env: { PATH: path }, encoding: 'utf8' });
  assert.ok(!run.error, String(run.error));
  return { code: run.status, said: run.stdout + run.stderr };
};

test('systemd understands every line of the units', (t) => {
  const home = folder(t);
  const copies = ['nekod.service', 'nekod.socket'].map((name) => {
    const copy = join(home, name);
    writeFileSync(copy, readFileSync(join(units, name), 'utf8').replaceAll('/usr/bin/nekod', program));
    return copy;
  });
  const { code, said } = analyze('verify', '--man=no', '--recursive-errors=no', ...copies);
  assert.equal(code, 0, said);
  // Other units of this machine do not matter.
  assert.deepEqual(said.split('\n').filter((line) => line.includes('nekod')), []);
});

test('systemd finds the service exposed by no more than 2.0', () => {
  const { code, said } = analyze(
    ...['security', '--offline=true', '--threshold=20', '--no-pager'],
    join(units, 'nekod.service'),
  );
  assert.equal(code, 0, said);
  assert.match(said, /exposure level for nekod.service: [01]\.\d/);
});

/// The settings in force with these arguments, as `--check-config` prints them.
async function settings(t, args, options) {
  const { code, log } = await runToEnd(t, ['--check-config', ...args], options);
  assert.equal(code, 0, log);
  return log;
}

test('the service is given more time to stop than a drain takes', async (t) => {
  const stop = readFileSync(join(units, 'nekod.service'), 'utf8').match(/^TimeoutStopSec=(\d+)$/m);
  const drain = (await settings(t, ['--upstream', 'simulator'])).match(/^drain-timeout *= *"?([\d.]+)/m);
  assert.ok(Number(stop[1]) > Number(drain[1]) + 5, `${stop[1]} s, and a drain of ${drain[1]} s`);
});

test('the sample settings change nothing, and name only what there is', async (t) => {
  const sample = readFileSync(join(units, 'nekod.toml'), 'utf8');
  const from = (text) =>
    settings(t, ['--config', 'nekod.toml', '--anuneko-token', accountToken], { home: { 'nekod.toml': text } });
  assert.equal(await from(sample), await from(''));

  // Certificate and key files would have to exist.
  const all = sample.replace(/^# (?!tls-|api-keys)([a-z-]+ = )/gm, '$1');
  const keys = [...all.matchAll(/^([a-z-]+) = /gm)].map(([, key]) => key);
  assert.ok(keys.length > 10);
  const inForce = await from(all);
  for (const key of keys) assert.match(inForce, new RegExp(`^${key} *=`, 'm'));
});

/// The manager's socket; `heard()` are the messages so far, optionally of one kind.
async function manager(t) {
  const socket = join(folder(t), 'notify');
  const listener = new Foreign(t, ['socat', '-u', `UNIX-RECV:${socket}`, 'STDOUT']);
  await until(() => existsSync(socket) || listener.status, 'no socket for messages');
  assert.ok(!listener.status, listener.said);
  const heard = (kind = '[A-Z]+') =>
    [...listener.said.matchAll(new RegExp(`(?<![A-Z_])(${kind})=1`, 'g'))].map(([, found]) => found);
  return { heard, env: { NOTIFY_SOCKET: socket }, said: () => listener.said };
}

const later = (systemd, kind, count = 1) =>
  until(() => systemd.heard(kind).length >= count, `${count} times ${kind}: ${systemd.said()}`);

test('the manager hears of the start, a reload and the stop', async (t) => {
  const systemd = await manager(t);
  const nekod = await gateway(t, simulated, { env: systemd.env });
  await later(systemd, 'READY');
  assert.deepEqual(systemd.heard(), ['READY']);

  nekod.kill('SIGHUP');
  await later(systemd, 'READY', 2);
  assert.deepEqual(systemd.heard(), ['READY', 'RELOADING', 'READY']);
  await nekod.ask(`[sim tokens=1] ${unique()}`);

  const text = unique();
  const stream = await nekod.stream(`[sim tokens=100 delay=10] ${text}`);
  await stream.started();
  nekod.kill();
  await later(systemd, 'STOPPING');
  assert.ok(checkStream(await stream.rest()).text.includes(text), 'the stream was not cut');
  assert.deepEqual(await nekod.ended(), { code: 0, signal: null });
  assert.deepEqual(systemd.heard(), ['READY', 'RELOADING', 'READY', 'STOPPING']);
});

test('a reload that finds something wrong is over too, and the service goes on', async (t) => {
  const systemd = await manager(t);
  const home = folder(t, { 'nekod.toml': 'log-level = "info"\n' });
  const config = join(home, 'nekod.toml');
  const nekod = await gateway(t, [...simulated, '--config', config], { env: systemd.env });
  await later(systemd, 'READY');
  writeFileSync(config, 'log-level = "loudest"\n');
  nekod.kill('SIGHUP');
  await later(systemd, 'READY', 2);
  await nekod.logged(/log-level/);
  await nekod.ask(`[sim tokens=1] ${unique()}`);
});

test('the watchdog is fed while nekod works, and after a reload', async (t) => {
  const systemd = await manager(t);
  const nekod = await gateway(t, simulated, { env: { ...systemd.env, WATCHDOG_USEC: '200000' } });
  await later(systemd, 'WATCHDOG', 3);
  nekod.kill('SIGHUP');
  await later(systemd, 'READY', 2);
  await later(systemd, 'WATCHDOG', systemd.heard('WATCHDOG').length + 2);
});

test('the watchdog is not fed where nobody asked for it', async (t) => {
  const systemd = await manager(t);
  const nekod = await gateway(t, simulated, { env: systemd.env });
  await nekod.ask(`[sim tokens=1] ${unique()}`);
  nekod.kill();
  await nekod.ended();
  assert.deepEqual(systemd.heard('WATCHDOG'), []);
});

test('a socket handed over is answered on, whatever host and port say', async (t) => {
  let activated;
  const port = await onFreePort((port) => {
    const settings = ['--upstream', 'simulator', '--store', 'memory', '--host', '192.0.2.1', '--port', '1'];
    const command = ['systemd-socket-activate', '-l', `127.0.0.1:${port}`, program, ...settings];
    return (activated = new Foreign(t, command));
  });
  const response = await fetch(`http://127.0.0.1:${port}/health/live`);
  assert.deepEqual(await response.json(), { status: 'alive' });
  const [, told] = await activated.seen(/listening on 127\.0\.0\.1:(\d+)/);
  assert.equal(Number(told), port);
  assert.equal(await activated.stop(), 'code 0', activated.said);
});

test('the token and the cookie are taken from credentials', async (t) => {
  const sim = await simulator(t);
  const credentials = folder(t, { 'anuneko-token': `${accountToken}\n`, 'anuneko-cookie': '\n' });
  const args = leadingTo(sim).filter((arg, i, all) => ![arg, all[i - 1]].includes('--anuneko-token'));
  const nekod = await gateway(t, args, { env: { CREDENTIALS_DIRECTORY: credentials } });
  const text = unique();
  assert.ok((await nekod.ask(text)).text.includes(text));
  assert.deepEqual((await sim.quiet()).violations, []);
});

test('credentials are weaker than the environment, and stronger than the files', async (t) => {
  const sim = await simulator(t);
  const files = { '.env': 'ANUNEKO_TOKEN=wrong\n' };
  const args = leadingTo(sim).filter((arg, i, all) => ![arg, all[i - 1]].includes('--anuneko-token'));
  const good = folder(t, { 'anuneko-token': accountToken });
  const strong = await gateway(t, args, { home: files, env: { CREDENTIALS_DIRECTORY: good } });
  await strong.ask(unique());
  const bad = folder(t, { 'anuneko-token': 'wrong' });
  const env = { CREDENTIALS_DIRECTORY: bad, ANUNEKO_TOKEN: accountToken };
  await (await gateway(t, args, { env })).ask(unique());
});

test('an empty credential is none', async (t) => {
  const empty = folder(t, { 'anuneko-token': '\n', 'anuneko-cookie': '\n' });
  const { code, log } = await runToEnd(t, ['--port', '0'], { env: { CREDENTIALS_DIRECTORY: empty } });
  assert.equal(code, 2, log);
  assert.match(log, /ANUNEKO_TOKEN/);
});
