// Each time limit by itself, with an upstream that is silent in just that way; and the comments that keep a silent
// stream alive.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  Connection,
  blocksOf,
  checkBrokenStream,
  checkStream,
  expectError,
  gateway,
  leadingTo,
  rawRequest,
  simulator,
  unique,
  until,
} from './support.mjs';

const sim = await simulator({ after });

const patient = ['--connect-timeout', '600', '--request-timeout', '600', '--answer-timeout', '600'];
const body = (text, fields) => ({ messages: [{ role: 'user', content: text }], ...fields });
const replace = (args, name, value) =>
  args.map((arg, i) => (args[i - 1] === name ? value : arg));

test('--first-byte-timeout ends the wait for a reply', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), ...patient, '--first-byte-timeout', '1']);
  await sim.fault({ call: 'stream', kind: 'silent', times: 1 });
  const response = await nekod.post(body(unique()));
  await expectError(response, 504, 'upstream_timeout', 'server_error');
  await sim.quiet();
});

test('--request-timeout ends the wait between two pieces', async (t) => {
  const args = replace([...leadingTo(sim), ...patient], '--request-timeout', '1');
  const nekod = await gateway(t, args);
  await sim.fault({ call: 'stream', kind: 'stall', times: 1, after_events: 5 });
  const stream = await nekod.stream(`[sim tokens=50] ${unique()}`);
  assert.equal(checkBrokenStream(await stream.rest()).code, 'upstream_timeout');
  await sim.quiet();
});

test('--request-timeout ends the wait behind a pause that the client made, and not the pause', async (t) => {
  const args = replace([...leadingTo(sim), ...patient], '--request-timeout', '1');
  const nekod = await gateway(t, [...args, '--first-byte-timeout', '1']);
  await sim.fault({ call: 'stream', kind: 'stall', times: 1, after_events: 100_000 });
  const content = `[sim tokens=200000] ${unique()}`;
  const client = new Connection(nekod.port);
  t.after(() => client.end());
  await client.send(rawRequest('POST', '/v1/chat/completions', { stream: true, messages: [{ role: 'user', content }] }));
  await until(async () => (await nekod.figure('nekod_credit_stalls_total')) > 0, 'the upstream is never paused');
  // Limits are checked while nekod waits: it is idle in many checks.
  await nekod.resting(200, 'the pause does not last');
  client.reading();
  await client.seen(/"code":"upstream_timeout"/);
  await sim.quiet();
});

test('--request-timeout does not end a slow reply', async (t) => {
  const args = replace([...leadingTo(sim), ...patient], '--request-timeout', '1');
  const nekod = await gateway(t, args);
  const stream = await nekod.stream(`[sim tokens=20 delay=100] ${unique()}`);
  checkStream(await stream.rest());
});

test('--answer-timeout ends a reply that never does', async (t) => {
  const args = replace([...leadingTo(sim), ...patient], '--answer-timeout', '1');
  const nekod = await gateway(t, args);
  const stream = await nekod.stream(`[sim tokens=200000 delay=20] ${unique()}`);
  assert.equal(checkBrokenStream(await stream.rest()).code, 'upstream_timeout');
  await sim.quiet();
});

test('--connect-timeout ends the wait for a connection', async (t) => {
  // A listener that never accepts, with a full queue of connections: the system then ignores further ones.
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     const server = require('node:net').createServer();
     server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
     });`,
    { eval: true },
  );
  t.after(() => worker.terminate());
  const port = await new Promise((told) => worker.once('message', told));
  const fill = Array.from({ length: 8 }, () => new Connection(port));
  t.after(() => fill.forEach((connection) => connection.end()));
  await Promise.race(fill.map((connection) => connection.opened));

  const leading = [...leadingTo({ url: `http://127.0.0.1:${port}` }), '--loading-wait', '0'];
  const args = replace([...leading, ...patient], '--connect-timeout', '1');
  const nekod = await gateway(t, args);
  const response = await nekod.post(body(unique()));
  await expectError(response, 504, 'upstream_timeout', 'server_error');
});

test('a silent stream has comments, before the first text and after it', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--heartbeat', '0.2']);
  const stream = await nekod.stream(`[sim first=1000 tokens=3 delay=1000] ${unique()}`);
  checkStream(await stream.rest());
  const blocks = blocksOf(stream.raw);
  const text = blocks.findIndex((block) => /"delta":\{"content":"[^"]/.test(block));
  const comments = (some) => some.filter((block) => block.startsWith(':')).length;
  assert.ok(comments(blocks.slice(0, text)) >= 2, 'before the first text');
  assert.ok(comments(blocks.slice(text)) >= 2, 'between two pieces');
});

test('a stream that failed after its comments ends in an error event', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--heartbeat', '0.2', '--first-byte-timeout', '1']);
  await sim.fault({ call: 'stream', kind: 'silent', times: 1 });
  const stream = await nekod.stream(unique());
  assert.equal(stream.response.status, 200);
  assert.equal(checkBrokenStream(await stream.rest()).code, 'upstream_timeout');
  assert.match(stream.raw, /^: keep-alive$/m);
});

test('a stream that waits for its turn has comments too', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--heartbeat', '0.2']);
  const id = unique('session');
  const running = await nekod.stream(`[sim tokens=100 delay=15] ${unique()}`, { session_id: id });
  await running.started();
  const waiting = await nekod.stream(unique(), { session_id: id });
  checkStream(await waiting.rest());
  assert.match(waiting.raw, /^: keep-alive$/m);
  checkStream(await running.rest());
});

test('a busy stream and a whole answer have no comments', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--heartbeat', '1']);
  const stream = await nekod.stream(`[sim tokens=300 delay=5] ${unique()}`);
  checkStream(await stream.rest());
  assert.doesNotMatch(stream.raw, /^:/m);
  const { json } = await nekod.ask(`[sim first=1500] ${unique()}`);
  assert.equal(json.object, 'chat.completion');
});

test('the simulator saw no wrong use', async () => {
  const report = await sim.quiet();
  assert.deepEqual(report.violations, []);
});
