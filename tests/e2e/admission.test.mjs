// Who may send requests, and how often: keys and their tenants, rate limits, proxies, sizes, slow senders.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { Connection, addKey, checkStream, expectError, gateway, leadingTo, rawRequest, simulator, temporaryFolder, unique, until } from './support.mjs';

const sim = await simulator({ after });
const file = join(temporaryFolder({ after }), 'keys');
const keys = {
  alice: addKey(file, 'alice'),
  bob: addKey(file, 'bob', '--chat-rate-limit', '1 per day'),
  admin: addKey(file, 'admin', '--admin'),
};
const bearer = (name) => ({ Authorization: `Bearer ${keys[name]}` });

const keyed = (t, ...args) => gateway(t, [...leadingTo(sim), '--api-keys', file, ...args]);
const get = (nekod, path, headers = {}) => fetch(nekod.url + path, { headers });
const say = (nekod, headers, fields = {}) =>
  nekod.post({ messages: [{ role: 'user', content: unique() }], ...fields }, { headers });

test('a key file holds hashes, and is for its owner alone', () => {
  const text = readFileSync(file, 'utf8');
  for (const key of Object.values(keys)) {
    assert.match(key, /^sk-nekod-[\w-]{43}$/);
    assert.ok(!text.includes(key));
  }
});

test('who has no key, or a wrong one, is answered 401 wherever a key is wanted', async (t) => {
  const nekod = await keyed(t);
  for (const headers of [{}, { Authorization: 'Bearer wrong' }, { Authorization: `Basic ${keys.alice}` }]) {
    for (const path of ['/v1/models', '/v1/models/x', '/sessions', '/sessions/x']) {
      const response = await get(nekod, path, headers);
      assert.equal(response.headers.get('www-authenticate'), 'Bearer');
      assert.equal(response.headers.get('x-should-retry'), 'false');
      await expectError(response, 401, 'invalid_api_key', 'authentication_error');
    }
    await expectError(await say(nekod, headers), 401, 'invalid_api_key');
    for (const path of ['/sessions/x', '/sessions?all=true'])
      await expectError(await fetch(nekod.url + path, { method: 'DELETE', headers }), 401, 'invalid_api_key');
  }
  for (const path of ['/', '/health', '/health/live', '/health/ready', '/openapi.json'])
    assert.equal((await get(nekod, path)).status, 200, path);
  const preflight = await fetch(`${nekod.url}/v1/chat/completions`, { method: 'OPTIONS', headers: { Origin: 'http://x' } });
  assert.equal(preflight.status, 204);
});

test('a key is taken in each of the ways that clients send it', async (t) => {
  const nekod = await keyed(t);
  for (const headers of [bearer('alice'), { authorization: `bearer ${keys.alice}` }, { 'x-api-key': keys.alice }, { 'api-key': keys.alice }])
    assert.equal((await get(nekod, '/v1/models', headers)).status, 200);
});

test("another tenant's session is neither seen, nor used, nor deleted", async (t) => {
  const nekod = await keyed(t);
  const session_id = unique('mine');
  await nekod.ask(unique(), { session_id }, { headers: bearer('alice') });
  const list = async (name) => (await (await get(nekod, '/sessions', bearer(name))).json()).sessions.map((s) => s.id);
  const remove = (name) => fetch(`${nekod.url}/sessions/${session_id}`, { method: 'DELETE', headers: bearer(name) });
  assert.deepEqual(await list('alice'), [session_id]);
  assert.deepEqual(await list('bob'), []);
  assert.deepEqual(await list('admin'), [session_id]);
  // The same name is a session of bob's own, which goes without the other.
  assert.equal((await (await say(nekod, bearer('bob'), { session_id })).json()).session_id, session_id);
  assert.equal((await remove('bob')).status, 200);
  assert.equal((await remove('bob')).status, 404);
  assert.deepEqual(await list('alice'), [session_id]);
  await nekod.ask(unique(), { session_id }, { headers: bearer('alice') });
  assert.equal((await remove('alice')).status, 200);
});

test("another tenant's sessions are neither shown nor cleared", async (t) => {
  const nekod = await keyed(t);
  const [first, second, third] = [unique('a'), unique('b'), unique('c')];
  const make = (name, session_id) => nekod.ask(unique(), { session_id }, { headers: bearer(name) });
  const call = async (name, path, method = 'GET') => (await fetch(nekod.url + path, { method, headers: bearer(name) })).json();
  await make('alice', first);
  await make('admin', second);
  await make('alice', third);
  assert.equal((await call('alice', `/sessions/${first}`)).id, first);
  assert.equal((await call('admin', `/sessions/${first}`)).id, first);
  for (const name of ['bob', 'alice']) assert.equal((await call(name, `/sessions/${second}`)).status, 'error');
  const page = await call('alice', '/sessions?limit=1');
  assert.deepEqual([page.sessions[0].id, page.total, page.has_more], [first, 2, true]);
  const rest = await call('alice', `/sessions?limit=1&after=${page.next}`);
  assert.deepEqual([rest.sessions[0].id, rest.total, rest.has_more], [third, 2, false]);
  assert.deepEqual(await call('bob', `/sessions?after=${page.next}`), { sessions: [], total: 0, has_more: false });
  assert.equal((await call('admin', '/sessions')).total, 3);
  for (const filter of ['all=true', 'idle_for=0', 'model=mihoyo-orange_cat'])
    assert.equal((await call('bob', `/sessions?${filter}`, 'DELETE')).deleted, 0);
  assert.equal((await call('alice', '/sessions?all=true', 'DELETE')).deleted, 2);
  assert.equal((await call('admin', `/sessions/${second}`)).id, second);
  assert.equal((await call('admin', '/sessions?all=true', 'DELETE')).deleted, 1);
});

test('/metrics wants an admin, or a caller on this machine', async (t) => {
  const nekod = await keyed(t, '--trusted-proxies', '127.0.0.1');
  const outside = { 'X-Forwarded-For': '192.0.2.1' };
  assert.equal((await get(nekod, '/metrics')).status, 200);
  assert.equal((await get(nekod, '/metrics', { ...outside, ...bearer('admin') })).status, 200);
  for (const headers of [outside, { ...outside, ...bearer('alice') }])
    await expectError(await get(nekod, '/metrics', headers), 401, 'invalid_api_key');
});

test('chats past their limit are answered 429 with the time to wait, other requests are not', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--chat-rate-limit', '2 per hour']);
  assert.equal((await say(nekod)).status, 200);
  const stream = await nekod.stream(unique());
  checkStream(await stream.rest());
  const refused = await say(nekod);
  const wait = Number(refused.headers.get('retry-after'));
  assert.ok(wait > 0 && wait <= 1800, `${wait}`);
  assert.equal(refused.headers.get('x-should-retry'), null);
  await expectError(refused, 429, 'rate_limit_exceeded', 'rate_limit_error');
  assert.equal((await get(nekod, '/v1/models')).status, 200);
  assert.match(await (await get(nekod, '/metrics')).text(), /^nekod_rate_limited_total\{limit="chat"\} 1$/m);
});

test('all requests count against --rate-limit, but for those that watch', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--rate-limit', '3 per hour; 100 per day']);
  // Ready once it has the list of models.
  await until(async () => (await get(nekod, '/health/ready')).status === 200, 'not ready');
  for (const path of ['/v1/models', '/sessions', '/no/such/path']) {
    for (const watched of ['/health', '/health/live', '/health/ready', '/metrics'])
      assert.equal((await get(nekod, watched)).status, 200);
    assert.notEqual((await get(nekod, path)).status, 429);
  }
  await expectError(await get(nekod, '/v1/models'), 429, 'rate_limit_exceeded');
  assert.equal((await get(nekod, '/health')).status, 200);
});

test('wrong keys are counted by address', async (t) => {
  const nekod = await keyed(t, '--rate-limit', '2 per hour');
  for (const expected of [401, 401, 429]) assert.equal((await get(nekod, '/v1/models', { 'x-api-key': 'wrong' })).status, expected);
  assert.equal((await get(nekod, '/v1/models', bearer('alice'))).status, 200);
});

test('a key may have a limit of its own', async (t) => {
  const nekod = await keyed(t);
  assert.equal((await say(nekod, bearer('bob'))).status, 200);
  assert.equal((await say(nekod, bearer('bob'))).status, 429);
  assert.equal((await say(nekod, bearer('alice'))).status, 200);
  assert.equal((await say(nekod, bearer('alice'))).status, 200);
});

test('behind a trusted proxy limits count by forwarded address, else nobody is believed', async (t) => {
  const args = [...leadingTo(sim), '--chat-rate-limit', '1 per hour'];
  const from = (address) => ({ 'X-Forwarded-For': address });
  const behind = await gateway(t, [...args, '--trusted-proxies', '10.0.0.0/8, 127.0.0.1']);
  assert.equal((await say(behind, from('192.0.2.1'))).status, 200);
  assert.equal((await say(behind, from('192.0.2.1'))).status, 429);
  assert.equal((await say(behind, from('192.0.2.2'))).status, 200);
  assert.equal((await say(behind, from('192.0.2.9, 192.0.2.1, 10.1.1.1'))).status, 429, 'the last that is no proxy');
  const alone = await gateway(t, args);
  assert.equal((await say(alone, from('192.0.2.1'))).status, 200);
  assert.equal((await say(alone, from('192.0.2.2'))).status, 429);
});

test('an address, header fields and a body that are too long have each their answer', async (t) => {
  const limits = ['--max-url-size', '100', '--max-header-size', '600', '--max-content-length', '200'];
  const nekod = await gateway(t, [...leadingTo(sim), ...limits]);
  await expectError(await get(nekod, `/v1/models?${'x'.repeat(200)}`), 414, 'uri_too_long', 'invalid_request_error');
  await expectError(await get(nekod, '/v1/models', { 'x-long': 'x'.repeat(600) }), 431, 'header_too_large', 'invalid_request_error');
  await expectError(await nekod.post('x'.repeat(300)), 413, 'content_too_large', 'invalid_request_error');
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x-${i}`, 'y']));
  await expectError(await get(nekod, '/v1/models', many), 431, 'header_too_large');
  const plain = await gateway(t, leadingTo(sim));
  await expectError(await get(plain, `/v1/models?${'x'.repeat(9000)}`), 414, 'uri_too_long');
  assert.equal((await get(plain, '/v1/models', { 'x-long': 'x'.repeat(12_000) })).status, 200);
  // Past what is read at all, the connection closes; the next one is served.
  const endless = new Connection(plain.port).reading();
  await endless.send(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(200_000)}`);
  await until(() => endless.closed, 'endless headers are read on');
  assert.equal((await get(plain, '/health')).status, 200);
});

test('a request that does not arrive, and an idle connection, are dropped on time', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--read-timeout', '1']);
  const whole = rawRequest('POST', '/v1/chat/completions', { messages: [{ role: 'user', content: 'hello' }] });
  for (const part of ['', 'GET /health', whole.subarray(0, whole.length - 3)]) {
    const connection = new Connection(nekod.port).reading();
    await connection.send(part);
    await until(() => connection.closed, `${part.length} bytes of a request are waited for`);
    assert.equal(connection.text, '');
  }
  const drop = new Connection(nekod.port).reading();
  const drip = setInterval(() => drop.socket.write('x'), 100);
  drop.socket.write('GET /');
  await until(() => drop.closed, 'a slow sender is waited for');
  clearInterval(drip);
  const stream = await nekod.stream(`[sim tokens=30 delay=100] ${unique()}`);
  checkStream(await stream.rest());
});

test('the simulator saw no wrong use', async () => {
  assert.deepEqual((await sim.quiet()).violations, []);
});
