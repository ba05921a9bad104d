// Health checks and metrics: that nekod works, whether turns can be answered, and how it counts them.

import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { Connection, gateway, leadingTo, pair, rawRequest, simulator, unique, until } from './support.mjs';

const readiness = async (nekod) => {
  const response = await fetch(`${nekod.url}/health/ready`);
  const body = await response.json();
  assert.equal(response.status, body.reasons.length ? 503 : 200);
  assert.equal(body.status, body.reasons.length ? 'not_ready' : 'ready');
  return body.reasons;
};

const becomes = (nekod, ...reasons) =>
  until(async () => JSON.stringify(await readiness(nekod)) === JSON.stringify(reasons), `not ${reasons || 'ready'}`);

const grows = (nekod, series, least = 1) =>
  until(async () => (await nekod.figure(series)) >= least, `${series} stays below ${least}`);

test("the manual's health, and whether the process lives", async (t) => {
  const nekod = await gateway(t, ['--upstream', 'simulator', '--port', '0']);
  const health = await (await fetch(`${nekod.url}/health`)).json();
  assert.deepEqual(Object.keys(health), ['status', 'timestamp', 'version']);
  assert.equal(health.status, 'healthy');
  assert.match(health.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
  assert.deepEqual(await (await fetch(`${nekod.url}/health/live`)).json(), { status: 'alive' });
  await becomes(nekod);
});

test('not ready while the upstream refuses the account, and ready again after it takes it', async (t) => {
  const { sim, nekod } = await pair(t);
  await becomes(nekod);
  await sim.fault({ call: 'chat', kind: 'status', status: 401, times: 1 });
  assert.equal((await nekod.post({ messages: [{ role: 'user', content: unique() }] })).status, 502);
  assert.deepEqual(await readiness(nekod), ['upstream_auth_failed']);
  await nekod.ask(unique());
  assert.deepEqual(await readiness(nekod), []);
});

test('not ready while the upstream cannot be reached; who asks has it tried again', async (t) => {
  const unused = net.createServer().listen(0, '127.0.0.1');
  await new Promise((open) => unused.once('listening', open));
  const { port } = unused.address();
  await new Promise((closed) => unused.close(closed));
  const args = ['--anuneko-url', `http://127.0.0.1:${port}/api/v1`, '--anuneko-token', 'secret-token', '--port', '0'];
  const nekod = await gateway(t, args);
  await becomes(nekod, 'upstream_unreachable');
  await simulator(t, [], port);
  await becomes(nekod);
});

test('not ready while draining, and still alive', async (t) => {
  const { nekod } = await pair(t);
  const stream = await nekod.stream(`[sim tokens=200000 delay=20] ${unique()}`);
  await stream.started();
  const ask = async (probe, words) => {
    await probe.send(rawRequest('GET', '/health/ready'));
    await probe.seen(words);
  };
  // One that was taken and has asked nothing yet stays open. Connections are taken in their order.
  const [late, early] = [new Connection(nekod.port).reading(), new Connection(nekod.port).reading()];
  await ask(early, /200 OK[^]*"ready"/);
  nekod.kill();
  await nekod.logged(/draining/);
  await ask(late, /503 [^]*"not_ready","reasons":\["draining"\]/);
  stream.leave();
  assert.equal((await nekod.ended()).code, 0);
});

test('turns are counted by outcome and match, calls by kind and outcome', async (t) => {
  const { sim, nekod } = await pair(t);
  const { json } = await nekod.ask(unique());
  await nekod.ask(unique(), { session_id: json.session_id });
  await nekod.ask(unique(), { messages: [{ role: 'system', content: 'be kind' }, { role: 'user', content: unique() }] });
  await nekod.ask(unique(), { model: 'no-such-model' });
  await sim.fault({ call: 'stream', kind: 'status', status: 500, times: 1 });
  assert.equal((await nekod.post({ messages: [{ role: 'user', content: unique() }] })).status, 502);
  const expected = {
    'nekod_turns_total{outcome="answered"}': 4,
    'nekod_turns_total{outcome="failed"}': 1,
    'nekod_turn_failures_total{code="upstream_error"}': 1,
    'nekod_session_match_total{match="explicit"}': 1,
    'nekod_session_match_total{match="seeded"}': 1,
    'nekod_session_match_total{match="new"}': 3,
    'nekod_model_fallbacks_total': 1,
    'nekod_upstream_calls_total{call="post_message",outcome="ok",upstream="anuneko"}': 4,
    'nekod_upstream_calls_total{call="post_message",outcome="refused",upstream="anuneko"}': 1,
    'nekod_upstream_calls_total{call="create_chat",outcome="ok",upstream="anuneko"}': 4,
    'anuneko_requests_total{endpoint="chat_completions",method="POST"}': 5,
    'nekod_responses_total{status="200"}': 4,
    'nekod_responses_total{status="502"}': 1,
    'nekod_stored_sessions': 4,
    'nekod_stored_responses': 0,
  };
  await until(async () => (await nekod.figure('nekod_sessions{state="idle"}')) === 4, 'not all settle');
  for (const [series, count] of Object.entries(expected))
    if (series !== 'nekod_responses_total{status="200"}') assert.equal(await nekod.figure(series), count, series);
  await grows(nekod, 'nekod_time_to_first_token_seconds_count', 4);
});

test('open streams, stalls, buffered bytes and a client that leaves show while they last', async (t) => {
  const { sim, nekod } = await pair(t);
  const flood = new Connection(nekod.port);
  const messages = [{ role: 'user', content: `[sim tokens=2000000] ${unique()}` }];
  await flood.send(rawRequest('POST', '/v1/chat/completions', { stream: true, messages }));
  await grows(nekod, 'nekod_credit_stalls_total');
  await grows(nekod, 'nekod_buffered_bytes');
  assert.equal(await nekod.figure('nekod_open_streams'), 1);
  assert.equal(await nekod.figure('nekod_sessions{state="answering"}'), 1);
  await grows(nekod, 'nekod_upstream_connections');
  flood.end();
  await grows(nekod, 'nekod_client_leave_seconds_count');
  await grows(nekod, 'nekod_turns_total{outcome="cancelled"}');
  await until(async () => (await nekod.figure('nekod_open_streams')) === 0, 'the stream stays open');
  await until(async () => (await nekod.figure('nekod_buffered_bytes')) === 0, 'bytes stay');
  await sim.quiet();
});

test('no client can make series: methods and paths are of a bounded set', async (t) => {
  const nekod = await gateway(t, [...leadingTo(await simulator(t))]);
  for (const path of ['/a', '/b', '/v1/models/x', '/v1/models/y', '/sessions/z'])
    await (await fetch(nekod.url + path)).text();
  for (const method of ['PUT', 'PATCH', 'PURGE']) await (await fetch(`${nekod.url}/a`, { method })).text();
  const text = await (await fetch(`${nekod.url}/metrics`)).text();
  const requests = text.match(/^anuneko_requests_total\{.*$/gm);
  assert.deepEqual(requests.sort(), [
    'anuneko_requests_total{endpoint="model",method="GET"} 2',
    'anuneko_requests_total{endpoint="other",method="GET"} 2',
    'anuneko_requests_total{endpoint="other",method="other"} 3',
    'anuneko_requests_total{endpoint="session",method="GET"} 1',
  ]);
});
