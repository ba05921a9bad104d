// Servers that are not ready yet: turns wait for them, and their clients see keep-alive comments.

import assert from 'node:assert/strict';
import test from 'node:test';
import { freePort } from './foreign.mjs';
import { checkStream, expectError, gateway, unique, until } from './support.mjs';
import { failure, leadingToAddress, reply, replyWell, scriptedServer } from './scripted.mjs';

const chat = (text, fields = {}) => ({ messages: [{ role: 'user', content: text }], ...fields });
const loading = failure('Loading model', { code: 503, type: 'unavailable_error' });
const loads = (_, response) => reply(response, 503, loading);

for (const stream of [false, true])
  test(`a turn waits for a server that loads, ${stream ? 'streamed' : 'whole'}`, async (t) => {
    const server = await scriptedServer(t, undefined, loads);
    const nekod = await gateway(t, [...leadingToAddress(`${server.origin}/v1`), '--heartbeat', '0.2']);
    const asked = nekod.post(chat(unique(), { model: 'm', stream }));
    await until(() => server.chats().length === 3, 'it is not asked again');
    server.say = replyWell;
    const response = await asked;
    const body = await response.text();
    assert.equal(response.status, 200, body);
    if (stream) {
      checkStream(body);
      assert.match(body, /^: keep-alive$/m);
    }
    assert.equal(await nekod.total('nekod_upstream_retries_total'), 0, 'that is no retry');
  });

test('a turn waits for a server that starts after nekod, its model named or not', async (t) => {
  const port = await freePort();
  const nekod = await gateway(t, leadingToAddress(`http://127.0.0.1:${port}/v1`));
  const answers = [{ model: 'm' }, {}].map((fields) => nekod.post(chat(unique(), fields)));
  await until(() => nekod.log.includes('is loading; a turn waits for it'), 'nobody waits');
  await until(async () => (await nekod.total('nekod_upstream_calls_total', 'call="models"')) >= 3, 'no list is asked for');
  await scriptedServer(t, undefined, undefined, port);
  for (const response of await Promise.all(answers)) assert.equal(response.status, 200, await response.text());
});

test('a server whose list says that it loads is asked for it again while a turn waits', async (t) => {
  const server = await scriptedServer(t, loads);
  server.models = (response) => loads(undefined, response);
  const nekod = await gateway(t, leadingToAddress(`${server.origin}/v1`));
  const asked = nekod.post(chat(unique()));
  await until(() => server.requests.length === 3, 'it is not asked again');
  server.models = { data: [{ id: 'm' }] };
  assert.equal((await asked).status, 200);
});

test('--loading-wait ends the wait, with the words of the server', async (t) => {
  const server = await scriptedServer(t, undefined, loads);
  const nekod = await gateway(t, [...leadingToAddress(`${server.origin}/v1`), '--loading-wait', '1.5']);
  const error = await expectError(await nekod.post(chat(unique(), { model: 'm' })), 503);
  assert.equal(error.message, 'Loading model');
  assert.equal(server.chats().length, 2);
});

test('a server that was there before is not waited for', async (t) => {
  const server = await scriptedServer(t);
  const nekod = await gateway(t, leadingToAddress(`${server.origin}/v1`));
  await nekod.ask(unique(), { model: 'm' });
  await server.stop();
  await expectError(await nekod.post(chat(unique(), { model: 'm' })), 502, 'upstream_error');
  assert.doesNotMatch(nekod.log, /is loading/);
});

test('a client that leaves while its turn waits is not asked for any more', async (t) => {
  const server = await scriptedServer(t, undefined, loads);
  const nekod = await gateway(t, leadingToAddress(`${server.origin}/v1`));
  const leaving = new AbortController();
  const left = nekod.post(chat(unique(), { model: 'm' }), { signal: leaving.signal });
  left.catch(() => {});
  await until(() => server.chats().length === 2, 'it is not asked again');
  leaving.abort();
  await until(async () => (await nekod.figure('nekod_turns_total{outcome="cancelled"}')) === 1, 'the turn goes on');
  const before = server.chats().length;
  server.say = replyWell;
  await nekod.ask(unique(), { model: 'm' });
  assert.equal(server.chats().length, before + 1);
});
