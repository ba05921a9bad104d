// What nekod says of itself and of a key: `GET /operations` and `GET /me`.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { addKey, expectError, gateway, leadingTo, pair, simulator, unique, until } from './support.mjs';

const { sim, nekod } = await pair({ after }, { nekod: ['--retries', '0', '--circuit-failures', '0'] });
const bearer = (key) => ({ headers: { Authorization: `Bearer ${key}` } });
const get = async (gate, path, options) => {
  const response = await fetch(gate.url + path, options);
  assert.equal(response.status, 200, path);
  return response.json();
};
const sum = (operations, name) => operations.figures[name].series.reduce((total, each) => total + (each.value ?? each.count), 0);

test('figures are those of the metrics', async () => {
  await nekod.ask(unique());
  await until(async () => sum(await get(nekod, '/operations'), 'nekod_turns_total') === 1, 'the turn is not counted');
  const operations = await get(nekod, '/operations');
  assert.equal(sum(operations, 'nekod_turns_total'), await nekod.total('nekod_turns_total'));
  assert.equal(sum(operations, 'nekod_time_to_first_token_seconds'), await nekod.figure('nekod_time_to_first_token_seconds_count'));
  const { bounds, series } = operations.figures.nekod_time_to_first_token_seconds;
  assert.equal(series[0].buckets.length, bounds.length + 1);
  assert.equal(series[0].buckets.at(-1), series[0].count);
  assert.equal(operations.status, 'ready');
  assert.equal(operations.upstreams.length, 1);
  assert.ok(operations.time >= operations.started);
  assert.ok(operations.limits.connections > 0 && operations.limits.buffered > 0);
  assert.equal(operations.limits.memory, null);
});

test('a failure is listed with its request, and told once', async () => {
  const { last } = (await get(nekod, '/operations')).failures;
  await sim.fault({ call: 'stream', kind: 'html' });
  const response = await nekod.post({ messages: [{ role: 'user', content: unique('secret') }] });
  await expectError(response, 502, 'upstream_error');
  const found = await until(async () => (await get(nekod, `/operations?after=${last}`)).failures.data[0], 'no failure');
  assert.equal(found.request_id, response.headers.get('x-request-id'));
  assert.equal(found.code, 'upstream_error');
  assert.equal(found.status, 502);
  assert.equal(found.endpoint, 'chat_completions');
  assert.ok(!JSON.stringify(found).includes('secret'));
  assert.deepEqual((await get(nekod, `/operations?after=${found.number}`)).failures.data, []);
  await expectError(await fetch(`${nekod.url}/operations?after=x`), 400, 'invalid_value');
});

test('it is small but for the failures', async () => {
  const { failures, ...rest } = await get(nekod, '/operations');
  assert.ok(failures.data.length < 200);
  const size = JSON.stringify(rest).length;
  assert.ok(size <= 16 * 1024, `${size} bytes`);
});

test('with keys it is for admins, from wherever they call', async (t) => {
  const file = join(nekod.home, 'keys');
  const [admin, alice] = [addKey(file, 'boss', '--admin'), addKey(file, 'alice', '--chat-rate-limit', '5 per hour')];
  const gate = await gateway(t, [...leadingTo(sim), '--api-keys', file, '--rate-limit', '100 per day; 10 per minute']);
  await expectError(await fetch(`${gate.url}/operations`), 401, 'invalid_api_key');
  await expectError(await fetch(`${gate.url}/operations`, bearer(alice)), 403, 'admin_key_required');
  assert.equal((await get(gate, '/operations', bearer(admin))).status, 'ready');
  await expectError(await fetch(`${gate.url}/me`), 401, 'invalid_api_key');

  const me = await get(gate, '/me', bearer(alice));
  assert.deepEqual({ ...me, version: '' }, {
    ...{ tenant: 'alice', admin: false, keys: true, operations: false, texts: true, version: '' },
    limits: [
      { on: 'requests', count: 100, seconds: 86400, left: 100 },
      { on: 'requests', count: 10, seconds: 60, left: 10 },
      { on: 'chat', count: 5, seconds: 3600, left: 5 },
    ],
  });
  await gate.ask(unique(), {}, bearer(alice));
  const left = async () => (await get(gate, '/me', bearer(alice))).limits.map((each) => each.left);
  assert.deepEqual(await left(), [99, 9, 4]);
  assert.deepEqual(await left(), [99, 9, 4], 'asking costs nothing');
  assert.equal((await get(gate, '/me', bearer(admin))).operations, true);
});

test('without keys there is nobody to be, and everybody sees the service', async () => {
  const { version, ...me } = await get(nekod, '/me');
  assert.match(version, /^\d+\.\d+\.\d+/);
  assert.deepEqual(me, { tenant: null, admin: false, keys: false, operations: true, texts: true, limits: [] });
  const page = { headers: { Origin: 'https://evil.test' } };
  for (const path of ['/me', '/operations']) assert.equal((await fetch(nekod.url + path, page)).status, 403, path);
});

test('it is answered while nekod drains', async (t) => {
  const gate = await gateway(t, [...leadingTo(await simulator(t)), '--drain-delay', '20']);
  const running = await gate.stream(`[sim tokens=100000 delay=20] ${unique()}`);
  await running.started();
  gate.kill('SIGTERM');
  await until(async () => (await get(gate, '/operations').catch(() => undefined))?.reasons.includes('draining'), 'it does not say that it drains');
  running.leave();
});
