// API keys that an admin changes while nekod runs.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { promisify } from 'node:util';
import { addKey, checkError, gateway, leadingTo, programs, simulator, temporaryFolder, until } from './support.mjs';

const run = promisify(execFile);
const sim = await simulator({ after });

/// nekod with an admin's key, and calls with it.
async function keyed(t, { lines = '', args = [] } = {}) {
  const file = join(temporaryFolder(t), 'keys');
  writeFileSync(file, lines, { mode: 0o600 });
  const boss = addKey(file, 'boss', '--admin');
  const nekod = await gateway(t, [...leadingTo(sim), '--api-keys', file, ...args]);
  const send = (method, path, body, key = boss) =>
    fetch(`${nekod.url}/${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', ...(key ? { Authorization: `Bearer ${key}` } : {}) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  const well = async (...call) => {
    const response = await send(...call);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text);
  };
  const list = async () => (await well('GET', 'keys')).data;
  const named = async (tenant) => (await list()).find((each) => each.tenant === tenant);
  return { nekod, file, boss, send, well, list, named };
}

/// Expects a refusal that names the field *param*.
async function expectError(response, status, code, param = null) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  const error = checkError(JSON.parse(text));
  assert.equal(error.code, code, text);
  assert.equal(error.param, param, text);
}

const me = (house, key) => house.send('GET', 'me', undefined, key);

test('a key is created, works at once, and is shown once', async (t) => {
  const house = await keyed(t, { lines: '# by hand\n' });
  const made = await house.well('POST', 'keys', { tenant: 'alice', chat_rate_limit: '3 per minute' });
  assert.match(made.key, /^sk-nekod-[\w-]{43}$/);
  assert.deepEqual(await (await me(house, made.key)).json().then(({ tenant, admin, limits }) => ({ tenant, admin, limits })), {
    tenant: 'alice',
    admin: false,
    limits: [{ on: 'chat', count: 3, seconds: 60, left: 3 }],
  });
  const shown = await (await house.send('GET', 'keys')).text();
  assert.ok(!shown.includes(made.key));
  assert.ok(!readFileSync(house.file, 'utf8').includes(made.key));
  assert.match(readFileSync(house.file, 'utf8'), /^# by hand\n/);
  const hash = readFileSync(house.file, 'utf8').match(/sha256:(\w+)/)[1];
  assert.ok(!shown.includes(hash.slice(0, 12)));
  const { key, ...rest } = made;
  const listed = await house.named('alice');
  for (const [name, value] of Object.entries(rest)) assert.equal(listed[name], value, name);
  assert.ok(Math.abs(listed.created_at - Date.now() / 1000) < 3600);
  assert.ok(listed.last_used_at >= listed.created_at);
  assert.ok(!(await house.nekod.log).includes(key));
});

test('a revoked key is refused from the next request on, and after a restart', async (t) => {
  const house = await keyed(t);
  const { key, id } = await house.well('POST', 'keys', { tenant: 'alice' });
  assert.equal((await me(house, key)).status, 200);
  assert.deepEqual(await house.well('DELETE', `keys/${id}`), { object: 'key.deleted', id, deleted: true });
  await expectError(await me(house, key), 401, 'invalid_api_key');
  await expectError(await house.send('DELETE', `keys/${id}`), 404, 'key_not_found');
  await house.nekod.stop();
  const again = await gateway(t, [...leadingTo(sim), '--api-keys', house.file]);
  await expectError(await fetch(`${again.url}/me`, { headers: { 'x-api-key': key } }), 401, 'invalid_api_key');
});

test('limits and rights change; a comment stays', async (t) => {
  const house = await keyed(t, { args: ['--rate-limit', '1000 per minute'] });
  const bob = addKey(house.file, 'bob');
  writeFileSync(house.file, readFileSync(house.file, 'utf8').replace(/\n$/, '  # his laptop\n'));
  house.nekod.process.kill('SIGHUP');
  await until(async () => house.named('bob'), 'the file is not read again');
  const { id } = await house.named('bob');
  const limits = async () => (await (await me(house, bob)).json()).limits;
  assert.equal((await limits())[0].count, 1000);
  assert.equal((await house.well('POST', `keys/${id}`, { rate_limit: '7 per day' })).rate_limit, '7 per day');
  assert.deepEqual((await limits()).map(({ count, seconds }) => ({ count, seconds })), [{ count: 7, seconds: 86400 }]);
  await house.well('POST', `keys/${id}`, { rate_limit: '' });
  assert.deepEqual(await limits(), []);
  await house.well('POST', `keys/${id}`, { rate_limit: null });
  assert.equal((await limits())[0].count, 1000);
  await house.well('POST', `keys/${id}`, { admin: true });
  assert.equal((await (await me(house, bob)).json()).admin, true);
  assert.match(readFileSync(house.file, 'utf8'), /\nbob \S+ admin created=\S+ {2}# his laptop\n$/);
});

test('only holders of an admin key may do any of this, nobody without keys', async (t) => {
  const house = await keyed(t);
  const { key, id } = await house.well('POST', 'keys', { tenant: 'alice' });
  const before = readFileSync(house.file, 'utf8');
  for (const [method, path, body] of [['GET', 'keys'], ['POST', 'keys', { tenant: 'eve', admin: true }], ['POST', `keys/${id}`, { admin: true }], ['DELETE', `keys/${id}`]]) {
    await expectError(await house.send(method, path, body, key), 403, 'admin_key_required');
    await expectError(await house.send(method, path, body, ''), 401, 'invalid_api_key');
  }
  assert.equal(readFileSync(house.file, 'utf8'), before);
  const open = await gateway(t, leadingTo(sim));
  await expectError(await fetch(`${open.url}/keys`), 403, 'admin_key_required');
  await expectError(await fetch(`${open.url}/keys`, { method: 'POST', body: '{"tenant":"eve","admin":true}' }), 403, 'admin_key_required');
});

test('who would lock out itself, or all admins, has to confirm it; the last key stays', async (t) => {
  const house = await keyed(t);
  const boss = await house.named('boss');
  assert.equal(boss.current, true);
  await expectError(await house.send('DELETE', `keys/${boss.id}`), 409, 'last_key');
  const second = await house.well('POST', 'keys', { tenant: 'alice' });
  await expectError(await house.send('DELETE', `keys/${boss.id}`), 409, 'confirmation_required', 'confirm');
  await expectError(await house.send('POST', `keys/${boss.id}`, { admin: false }), 409, 'confirmation_required', 'confirm');
  const chief = await house.well('POST', 'keys', { tenant: 'chief', admin: true });
  await house.well('POST', `keys/${boss.id}?confirm=true`, { admin: false }, house.boss);
  // The last admin's, asked by its own holder.
  await expectError(await house.send('DELETE', `keys/${chief.id}`, undefined, chief.key), 409, 'confirmation_required', 'confirm');
  assert.equal((await house.send('DELETE', `keys/${chief.id}?confirm=true`, undefined, chief.key)).status, 200);
  assert.equal((await me(house, second.key)).status, 200);
  await expectError(await me(house, chief.key), 401, 'invalid_api_key');
});

test('wrong bodies name the field and change nothing', async (t) => {
  const house = await keyed(t);
  const before = readFileSync(house.file, 'utf8');
  await expectError(await house.send('POST', 'keys', {}), 400, 'missing_required_parameter', 'tenant');
  await expectError(await house.send('POST', 'keys', { tenant: 'a b' }), 400, 'invalid_value', 'tenant');
  await expectError(await house.send('POST', 'keys', { tenant: 'a', rate_limit: 'often' }), 400, 'invalid_value', 'rate_limit');
  await expectError(await house.send('POST', 'keys', { tenant: 'a', ratelimit: '1 per day' }), 400, 'invalid_value', 'ratelimit');
  await expectError(await house.send('POST', 'keys/key_000000000000', {}), 404, 'key_not_found');
  assert.equal(readFileSync(house.file, 'utf8'), before);
});

test('changes at once, by nekod, by its command and by a reload, lose no key', async (t) => {
  const house = await keyed(t);
  const add = async (name) => (await run(join(programs, 'nekod'), ['keys', 'add', name, '--file', house.file])).stdout.trim();
  const commands = Array.from({ length: 10 }, (_, k) => add(`shell${k}`));
  const made = Array.from({ length: 60 }, (_, k) => house.well('POST', 'keys', { tenant: `web${k}` }));
  house.nekod.process.kill('SIGHUP');
  const secrets = [...(await Promise.all(made)).map(({ key }) => key), ...(await Promise.all(commands))];
  house.nekod.process.kill('SIGHUP');
  await until(async () => (await house.list()).length === 71, 'keys are missing');
  for (const key of secrets) assert.equal((await me(house, key)).status, 200);
});

test('the file keeps its mode and its link', async (t) => {
  const folder = temporaryFolder(t);
  const real = join(folder, 'real');
  const boss = addKey(real, 'boss', '--admin');
  chmodSync(real, 0o640);
  symlinkSync(real, join(folder, 'link'));
  const nekod = await gateway(t, [...leadingTo(sim), '--api-keys', join(folder, 'link')]);
  const response = await fetch(`${nekod.url}/keys`, { method: 'POST', headers: { 'x-api-key': boss }, body: '{"tenant":"alice"}' });
  assert.equal(response.status, 200);
  assert.equal(statSync(real).mode & 0o777, 0o640);
  assert.match(readFileSync(real, 'utf8'), /\nalice /);
});

test('a file that cannot be changed is listed, and says so', async (t) => {
  const house = await keyed(t);
  // Not even root can write into a file whose name a folder has.
  const fresh = `${house.file}.new`;
  mkdirSync(fresh);
  await expectError(await house.send('POST', 'keys', { tenant: 'alice' }), 409, 'keys_not_writable');
  assert.deepEqual((await house.list()).map(({ tenant }) => tenant), ['boss']);
});
