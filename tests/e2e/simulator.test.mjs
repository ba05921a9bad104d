// The simulator's own rules, on which the other tests rely.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { accountToken, simulator, unique } from './support.mjs';

const sim = await simulator({ after });

const call = (method, path, body, token = accountToken) =>
  fetch(`${sim.url}/api/v1${path}`, {
    method,
    headers: { 'x-token': token, 'x-app_id': 'com.anuttacon.neko', 'x-client_type': '4' },
    body: body && JSON.stringify(body),
  });

async function newChat() {
  const response = await call('POST', '/chat', { model: 'Orange Cat' });
  assert.equal(response.status, 200);
  const made = await response.json();
  return made.chat_id ?? made.id;
}

const say = (chat, text) => call('POST', `/msg/${chat}/stream`, { contents: [text] });
const messageId = (raw) => [...raw.matchAll(/"msg_id"\s*:\s*"([^"]+)"/g)].at(-1)[1];

test('a chat takes a message, a choice, and the next message', async () => {
  const chat = await newChat();
  const text = unique();
  const raw = await (await say(chat, text)).text();
  const choice = { msg_id: messageId(raw), choice_idx: 0 };
  assert.equal((await call('POST', '/msg/select-choice', choice)).status, 200);
  assert.ok(messageId(await (await say(chat, unique())).text()));
  assert.equal((await sim.report()).violation_count, 0);
});

test('a message without the choice before it is refused', async () => {
  const chat = await newChat();
  await (await say(chat, unique())).text();
  assert.match(await (await say(chat, unique())).text(), /chat_choice_shown/);
});

test('two messages at once on a chat are noticed', async () => {
  const before = (await sim.report()).violation_count;
  const chat = await newChat();
  const text = unique();
  const first = await say(chat, `[sim tokens=1000 delay=20] ${text}`);
  await sim.reached(text);
  await (await say(chat, unique())).text();
  await first.body.cancel();
  const { violation_count, violations } = await sim.report();
  assert.ok(violation_count > before);
  assert.ok(violations.some((entry) => entry.chat_id === chat));
});

test('a chat that was never made is noticed', async () => {
  const before = (await sim.report()).violation_count;
  const response = await say('no-such-chat', unique());
  assert.ok(response.status >= 400 || /code/.test(await response.text()));
  assert.ok((await sim.report()).violation_count > before);
});

test('a wrong token is refused on every call', async () => {
  const calls = [
    ['GET', '/user/view'],
    ['POST', '/chat', { model: 'Orange Cat' }],
    ['POST', '/user/select_model', { chat_id: 'x', model: 'Orange Cat' }],
    ['POST', '/msg/x/stream', { contents: ['x'] }],
    ['POST', '/msg/select-choice', { msg_id: 'x', choice_idx: 0 }],
  ];
  for (const [method, path, body] of calls) {
    const response = await call(method, path, body, 'wrong');
    assert.ok([401, 403].includes(response.status), `${path} ${response.status}`);
  }
});

test('a reader that leaves is seen to have left', async () => {
  const chat = await newChat();
  const text = unique();
  const response = await say(chat, `[sim tokens=200000 delay=20] ${text}`);
  await sim.reached(text);
  await response.body.cancel();
  await sim.quiet();
  assert.equal((await sim.chatWith(text)).messages[0].state, 'aborted');
});

test('a reset forgets everything', async () => {
  await sim.reset();
  const report = await sim.report();
  assert.equal(report.violation_count, 0);
  assert.equal(report.messages, 0);
  assert.deepEqual(await sim.chats(), []);
});
