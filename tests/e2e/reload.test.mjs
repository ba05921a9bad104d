// SIGHUP: what changes at run time, what nekod says about the rest, and that a mistake changes nothing.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import test, { after } from 'node:test';
import tls from 'node:tls';
import { addKey, certificate, checkStream, gateway, leadingTo, simulator, temporaryFolder, unique, until } from './support.mjs';

const sim = await simulator({ after });

/// Sends SIGHUP, and waits for the log line about it.
async function reload(nekod, word = /settings reloaded/) {
  const before = nekod.log.length;
  nekod.kill('SIGHUP');
  await until(() => word.test(nekod.log.slice(before)), `no ${word} after SIGHUP: ${nekod.log.slice(before)}`);
  return nekod.log.slice(before);
}

/// nekod with a TOML file of its own, which `write` changes.
async function configured(t, text, args = [], options = {}) {
  const nekod = await gateway(t, [...leadingTo(sim), '--config', 'nekod.toml', ...args], { ...options, home: { 'nekod.toml': text } });
  return { nekod, write: (changed) => writeFileSync(join(nekod.home, 'nekod.toml'), changed) };
}

const status = async (nekod, headers = {}) =>
  (await nekod.post({ messages: [{ role: 'user', content: unique() }] }, { headers })).status;

test('keys are taken and lost', async (t) => {
  const file = join(temporaryFolder(t), 'keys');
  const first = addKey(file, 'alice');
  const nekod = await gateway(t, [...leadingTo(sim), '--api-keys', file]);
  const second = addKey(file, 'bob');
  const bearer = (key) => ({ Authorization: `Bearer ${key}` });
  assert.equal(await status(nekod, bearer(first)), 200);
  assert.equal(await status(nekod, bearer(second)), 401);
  await reload(nekod);
  assert.equal(await status(nekod, bearer(second)), 200);
  writeFileSync(file, readFileSync(file, 'utf8').split('\n').filter((line) => !line.startsWith('alice')).join('\n'));
  await reload(nekod);
  assert.equal(await status(nekod, bearer(first)), 401);
  writeFileSync(file, 'nonsense');
  assert.match(await reload(nekod, /reload refused/), /line 1/);
  assert.equal(await status(nekod, bearer(second)), 200, 'the old keys stay');
});

test('a key file that is just being written locks nobody out', async (t) => {
  const file = join(temporaryFolder(t), 'keys');
  const keys = ['alice', 'bob'].map((name) => addKey(file, name));
  const nekod = await gateway(t, [...leadingTo(sim), '--api-keys', file]);
  const whole = readFileSync(file, 'utf8');
  const torn = ['', '\n', '# keys\n', whole.slice(0, 10), whole.slice(0, 60), whole.slice(0, -2), whole.slice(0, -20)];
  for (const text of torn) {
    writeFileSync(file, text);
    assert.match(await reload(nekod, /reload refused/), /--api-keys/, text);
    for (const key of keys) assert.equal(await status(nekod, { Authorization: `Bearer ${key}` }), 200, 'the old keys stay');
  }
  rmSync(file);
  assert.match(await reload(nekod, /reload refused/), /--api-keys/);
  assert.equal(await status(nekod, { Authorization: `Bearer ${keys[0]}` }), 200);
  writeFileSync(file, whole);
  await reload(nekod);
  assert.equal(await status(nekod, { Authorization: `Bearer ${keys[1]}` }), 200);
});

test('a file of settings that is just being written changes nothing, and lets nobody in', async (t) => {
  const file = join(temporaryFolder(t), 'keys');
  const key = addKey(file, 'alice');
  const text = `chat-rate-limit = "100 per day"\nlog-level = "debug"\napi-keys = "${file}"\n`;
  const { nekod, write } = await configured(t, text);
  for (const torn of ['', '\n', '# nothing\n', text.slice(0, 10), text.slice(0, 25), text.slice(0, -3), text.slice(0, 54)]) {
    write(torn);
    await reload(nekod, /reload refused/);
    assert.equal(await status(nekod), 401, `with ${torn}`);
    assert.equal(await status(nekod, { Authorization: `Bearer ${key}` }), 200);
  }
  write(text);
  await reload(nekod);
});

test('limits, aliases and the log level change; a running stream does not notice', async (t) => {
  const { nekod, write } = await configured(t, 'chat-rate-limit = "3 per day"\n');
  const stream = await nekod.stream(`[sim tokens=100 delay=5] ${unique()}`);
  await stream.started();
  assert.equal(await status(nekod), 200);
  assert.equal(await status(nekod), 200);
  assert.equal(await status(nekod), 429);
  assert.doesNotMatch(nekod.log, / debug /);
  write('log-level = "debug"\nchat-rate-limit = "100 per day"\nmodel-alias = ["kitten=Exotic Shorthair"]\n');
  nekod.kill('SIGHUP');
  await until(async () => {
    const { data } = await (await fetch(`${nekod.url}/v1/models`)).json();
    return data.some((model) => model.id === 'kitten');
  }, 'the alias is not there');
  assert.equal(await status(nekod), 200);
  // The log line may follow the answer.
  await nekod.logged(/ debug upstream post_message ok /);
  checkStream(await stream.rest());
});

test('what cannot change is named, and the rest changes', async (t) => {
  const { nekod, write } = await configured(t, 'max-streams = 10\nheartbeat = 10\n');
  write('max-streams = 20\nheartbeat = 20\nchat-rate-limit = "1 per day"\n');
  const said = await reload(nekod);
  assert.match(said, /warning .*--max-streams/);
  assert.match(said, /warning .*--heartbeat/);
  assert.doesNotMatch(said, /--chat-rate-limit/);
  assert.equal(await status(nekod), 200);
  assert.equal(await status(nekod), 429);
});

test('a wrong file is refused, and all stays as it was', async (t) => {
  const { nekod, write } = await configured(t, 'chat-rate-limit = "1 per day"\n');
  assert.equal(await status(nekod), 200);
  write('chat-rate-limit = "often"\n');
  assert.match(await reload(nekod, /reload refused/), /--chat-rate-limit/);
  assert.equal(await status(nekod), 429);
});

test('a folder in the place of a file is refused, and all stays as it was', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'keys');
  const key = addKey(file, 'alice');
  const nekod = await gateway(t, [...leadingTo(sim), '--api-keys', file]);
  const stream = await nekod.stream(`[sim tokens=50 delay=10] ${unique()}`, {}, { headers: { Authorization: `Bearer ${key}` } });
  await stream.started();
  rmSync(file);
  mkdirSync(file);
  mkdirSync(join(nekod.home, '.env'));
  assert.match(await reload(nekod, /reload refused/), /--api-keys/);
  checkStream(await stream.rest());
  assert.equal(await status(nekod, { Authorization: `Bearer ${key}` }), 200);
});

test('a changed token is told to take a restart, without being told', async (t) => {
  const folder = { '.env': 'ANUNEKO_TOKEN=secret-token\n' };
  const nekod = await gateway(t, ['--anuneko-url', `${sim.url}/api/v1`, '--port', '0'], { home: folder });
  writeFileSync(join(nekod.home, '.env'), 'ANUNEKO_TOKEN=another-secret\n');
  const said = await reload(nekod);
  assert.match(said, /--anuneko-token/);
  assert.doesNotMatch(said, /another-secret/);
  assert.equal(await status(nekod), 200);
});

test('new connections get the new certificate, old ones go on; a bad one is refused', async (t) => {
  const [old, fresh] = [certificate(t), certificate(t)];
  const nekod = await gateway(t, [...leadingTo(sim), '--tls-cert', old.cert, '--tls-key', old.key]);
  const connect = () =>
    new Promise((done, failed) => {
      const socket = tls.connect({ port: nekod.port, host: 'localhost', rejectUnauthorized: false });
      socket.once('secureConnect', () => done(socket)).once('error', failed);
    });
  const shownTo = (socket) => socket.getPeerX509Certificate().fingerprint256;
  const print = (file) => new X509Certificate(readFileSync(file)).fingerprint256;
  const [before, after] = [print(old.cert), print(fresh.cert)];

  const kept = await connect();
  let text = '';
  kept.setEncoding('utf8').on('data', (piece) => (text += piece));
  assert.equal(shownTo(kept), before);
  copyFileSync(fresh.cert, old.cert);
  copyFileSync(fresh.key, old.key);
  await reload(nekod);
  const socket = await connect();
  assert.equal(shownTo(socket), after);
  kept.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until(() => text.includes('healthy'), 'the old connection is not served');

  writeFileSync(old.key, 'no key');
  assert.match(await reload(nekod, /reload refused/), /has no key/);
  const again = await connect();
  assert.equal(shownTo(again), after);
  for (const torn of ['', readFileSync(fresh.cert, 'utf8').slice(0, 200)]) {
    writeFileSync(old.cert, torn);
    assert.match(await reload(nekod, /reload refused/), /has no certificate/);
  }
  const last = await connect();
  assert.equal(shownTo(last), after);
  [kept, socket, again, last].forEach((s) => s.destroy());
});

test('the simulator saw no wrong use', async () => {
  assert.deepEqual((await sim.quiet()).violations, []);
});
