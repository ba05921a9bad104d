// Upstreams that lead elsewhere: redirects, which are followed or named, and nekods that lead back to themselves.

import assert from 'node:assert/strict';
import test from 'node:test';
import { freePort } from './foreign.mjs';
import { checkStream, expectError, gateway, unique } from './support.mjs';
import { leadingToAddress, replyWell, scriptedServer } from './scripted.mjs';

const english = ['--language', 'en'];
const chat = (text, fields = {}) => ({ model: 'm', messages: [{ role: 'user', content: text }], ...fields });

/// A server that redirects chats at /v1 to *target*, and answers them at any other path.
const moved = (t, status, target) =>
  scriptedServer(t, undefined, (request, response) => {
    if (!request.line.includes('/v1/')) return replyWell(request, response);
    response.writeHead(status, { Location: target(request) }).end('moved');
  });

for (const status of [307, 308])
  for (const stream of [false, true])
    test(`${status} within the same origin is followed, ${stream ? 'streamed' : 'whole'}`, async (t) => {
      const server = await moved(t, status, () => '/v2/chat/completions?from=v1');
      const nekod = await gateway(t, leadingToAddress(`${server.origin}/v1`));
      const text = unique();
      const response = await nekod.post(chat(text, { stream }));
      const body = await response.text();
      assert.equal(response.status, 200, body);
      if (stream) checkStream(body);
      const [, second] = server.chats();
      assert.equal(second.line, 'POST /v2/chat/completions?from=v1');
      assert.equal(second.body.messages[0].content, text, 'with its body');
    });

for (const [name, status, target, shown] of [
  ['303', 303, () => '/login?next=secret', /redirects to http:\/\/127\.0\.0\.1:\d+\/login$/],
  ['301', 301, () => '/v2/chat/completions', /redirects to http:\/\/127\.0\.0\.1:\d+\/v2\/chat\/completions$/],
  ['308 to another origin', 308, () => 'https://me:secret@other.example/v1?key=secret', /redirects to https:\/\/other\.example\/v1$/],
  ['308 to nowhere', 308, () => 'http://', /redirects to an address that is none$/],
  ['308 in a circle', 308, (request) => request.line.split(' ')[1], /redirects to http.*\/v1\/chat\/completions$/],
])
  test(`${name} is not followed, and its target is named`, async (t) => {
    const server = await moved(t, status, target);
    const nekod = await gateway(t, [...leadingToAddress(`${server.origin}/v1`), ...english]);
    const error = await expectError(await nekod.post(chat(unique())), 502, 'upstream_error');
    assert.match(error.message, shown);
    assert.doesNotMatch(error.message, /secret/);
    assert.ok(server.chats().length <= 6, 'a few hops at most');
  });

/// A nekod at *port* whose upstream is at *to*.
const lead = (t, port, to) => {
  const args = leadingToAddress(`http://127.0.0.1:${to}/v1`).filter((arg) => !['--port', '0'].includes(arg));
  return gateway(t, [...args, '--port', `${port}`, '--openai-model', 'm', ...english]);
};

test('a nekod that is its own upstream refuses at once, by name', async (t) => {
  const port = await freePort();
  const nekod = await lead(t, port, port);
  for (const stream of [false, true]) {
    const response = await nekod.post(chat(unique(), { stream }));
    assert.equal(response.headers.get('x-should-retry'), 'false');
    await expectError(response, 508, 'upstream_loop');
  }
  // Each request made one call, which was refused.
  assert.equal((await nekod.figures())['nekod_upstream_calls_total{call="chat_completions",outcome="refused",upstream="openai"}'], 2);
  assert.equal(await nekod.figure('nekod_turns_total{outcome="failed"}'), 2);
});

test('so does a ring of them, and a chain works', async (t) => {
  const [first, second] = [await freePort(), await freePort()];
  const [one] = await Promise.all([lead(t, first, second), lead(t, second, first)]);
  await expectError(await one.post(chat(unique())), 508, 'upstream_loop');

  const server = await scriptedServer(t);
  const last = await gateway(t, leadingToAddress(`${server.origin}/v1`));
  const middle = await gateway(t, leadingToAddress(`${last.url}/v1`));
  const front = await gateway(t, leadingToAddress(`${middle.url}/v1`));
  await front.ask(unique(), { model: 'm' });
  const [{ headers }] = server.chats();
  assert.equal(headers['x-nekod-via'].split(', ').length, 3);
});
