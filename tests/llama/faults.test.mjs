// Failures of a real server, and of its clients.

import assert from 'node:assert/strict';
import test from 'node:test';
import { gateway, until } from '../e2e/support.mjs';
import {
  ask, askWell, assistant, endless, inFrontOf, leadingToLlama, Llama, llamaServer, places, textOf, user,
} from './llama.mjs';

const short = { max_tokens: 20, ignore_eos: true, messages: [user('Hello')] };

/// Reads a stream until there is text.
const begun = (stream) => stream.seen(/"content":"[^"]/);

test('who leaves a stream frees its place', async (t) => {
  const llama = await llamaServer(t);
  const nekod = await inFrontOf(t, llama);
  for (let k = 0; k < 3; ++k) {
    const stream = await nekod.stream('', endless);
    await begun(stream);
    await llama.busy();
    const from = performance.now();
    stream.leave();
    await llama.idle();
    t.diagnostic(`its place is free ${(performance.now() - from).toFixed(0)} ms after the client left`);
  }
  await askWell(nekod, short);
});

test('who leaves while it waits for a place does not keep one', async (t) => {
  const llama = await llamaServer(t);
  const nekod = await inFrontOf(t, llama);
  const holders = await Promise.all(Array.from({ length: places }, () => nekod.stream('', endless)));
  await Promise.all(holders.map(begun));
  const waiting = await Promise.all(Array.from({ length: 3 }, () => nekod.stream('', endless)));
  await until(async () => (await llama.figure('llamacpp:requests_deferred')) === 3, 'they do not wait');
  for (const each of waiting) each.leave();
  await until(async () => (await nekod.figure('nekod_open_streams')) === places, 'nekod keeps them');
  // llama.cpp notices that they left when it has a slot for them.
  for (const each of holders) each.leave();
  await llama.idle();
});

test('more requests than places wait, and all are answered', async (t) => {
  const llama = await llamaServer(t);
  const nekod = await inFrontOf(t, llama);
  const holders = await Promise.all(Array.from({ length: places }, () => nekod.stream('', endless)));
  await Promise.all(holders.map(begun));
  const turn = (k) => ask(nekod, { ...short, messages: [user(`number ${k}`)], stream: k % 2 > 0 });
  const waiting = Array.from({ length: 12 }, (_, k) => turn(k));
  await until(async () => (await llama.figure('llamacpp:requests_deferred')) === 12, 'they do not wait');
  for (const holder of holders) holder.leave();
  const answers = await Promise.all(waiting);
  assert.deepEqual(answers.map(({ status }) => status), Array(12).fill(200));
  assert.ok(answers.every(({ body }) => textOf(body)));
  await llama.idle();
});

test('a silent server: the client of a stream hears heartbeats, then its answer', async (t) => {
  const llama = await llamaServer(t);
  const nekod = await inFrontOf(t, llama, ['--heartbeat', '0.2']);
  await askWell(nekod, short);
  llama.kill('SIGSTOP');
  t.after(() => llama.kill('SIGCONT'));
  const stream = await nekod.stream('', { ...short, model: 'tiny' });
  await stream.seen(/(: keep-alive\n\n){3}/);
  const whole = ask(nekod, short);
  assert.doesNotMatch(stream.raw, /data: \{.*"content":"[^"]/);
  llama.kill('SIGCONT');
  assert.match(await stream.rest(), /data: \[DONE\]\n\n$/);
  assert.equal((await whole).status, 200);
});

test('silence in the midst of a stream ends at its limit, and frees the place', async (t) => {
  const llama = await llamaServer(t);
  const nekod = await inFrontOf(t, llama, ['--request-timeout', '1']);
  const stream = await nekod.stream('', endless);
  await begun(stream);
  llama.kill('SIGSTOP');
  t.after(() => llama.kill('SIGCONT'));
  assert.match(await stream.rest(), /"code":"upstream_timeout"/);
  llama.kill('SIGCONT');
  await llama.idle();
  await askWell(nekod, short);
});

test('a server that starts after nekod, and loads: turns wait for it', async (t) => {
  const llama = await new Llama(t, []).reserve();
  const nekod = await gateway(t, leadingToLlama(llama));
  const turns = [ask(nekod, short), ask(nekod, { ...short, stream: true })];
  await until(async () => (await nekod.figure('nekod_open_requests')) >= 2, 'they have not come');
  await llama.start();
  for (const { status, body } of await Promise.all(turns)) assert.equal(status, 200, JSON.stringify(body));
});

test('a server that is killed: what runs ends in an error, and the next turn goes on once it is back', async (t) => {
  const llama = await llamaServer(t);
  const nekod = await inFrontOf(t, llama);
  const first = await askWell(nekod, short);
  const { session_id } = first;
  const stream = await nekod.stream('', { ...endless, session_id });
  await begun(stream);
  const whole = ask(nekod, { ...endless, max_tokens: 30_000 });
  await llama.busy(2);
  await llama.crash();
  const raw = await stream.rest();
  assert.match(raw, /"error":\{/);
  assert.doesNotMatch(raw, /\[DONE\]/);
  const { status, body } = await whole;
  assert.ok(status >= 500 && body.error.code, JSON.stringify(body));
  await llama.start();
  const next = await until(async () => {
    const { status, body } = await ask(nekod, { ...short, session_id });
    return status === 200 && body;
  }, 'no answer though the server is back');
  // As if the failed turn had not happened.
  const said = [user('Hello'), assistant(textOf(first)), user('Hello')];
  const { body: direct } = await llama.ask({ ...short, messages: said });
  assert.equal(next.usage.prompt_tokens, direct.usage.prompt_tokens);
});

test('a nekod that is killed frees all its places', async (t) => {
  const llama = await llamaServer(t);
  const nekod = await inFrontOf(t, llama);
  const streams = await Promise.all(Array.from({ length: places }, () => nekod.stream('', endless)));
  await Promise.all(streams.map(begun));
  await llama.busy(places);
  nekod.kill('SIGKILL');
  await llama.idle();
  for (const stream of streams) await stream.rest();
  assert.ok(streams.every(({ cut }) => cut));
  const successor = await inFrontOf(t, llama);
  await askWell(successor, short);
});

test('200 requests over kept connections, and none lost', async (t) => {
  const llama = await llamaServer(t);
  const nekod = await inFrontOf(t, llama);
  const numbers = Array.from({ length: 200 }, (_, k) => k);
  const answers = [];
  // Eight clients, each with one keep-alive connection.
  const client = async () => {
    for (let k = numbers.pop(); k !== undefined; k = numbers.pop())
      answers.push(await ask(nekod, { ...short, messages: [user(`number ${k}`)], stream: k % 2 > 0 }));
  };
  await Promise.all(Array.from({ length: 8 }, client));
  assert.deepEqual(answers.map(({ status }) => status), Array(200).fill(200));
  assert.ok(answers.every(({ body }) => textOf(body)));
  await llama.idle();
  t.diagnostic(`${await nekod.figure('nekod_upstream_connections')} connections to the server`);
});
