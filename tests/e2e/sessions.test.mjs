// Which session takes a turn, and what the upstream is told.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import {
  checkBrokenStream,
  checkStream,
  expectError,
  gateway,
  leadingTo,
  pair,
  unique,
} from './support.mjs';

const { sim, nekod } = await pair({ after });

const texts = (chat) => chat.messages.map((message) => message.text);
const sessions = async () => (await fetch(`${nekod.url}/sessions`)).json();
const remove = (id) => fetch(`${nekod.url}/sessions/${id}`, { method: 'DELETE' });

test('a session goes on in its upstream chat, by body or by header', async () => {
  const [one, two, three] = [unique('one'), unique('two'), unique('three')];
  const first = await nekod.ask(one);
  const id = first.json.session_id;
  const second = await nekod.ask(two, { session_id: id });
  assert.equal(second.json.session_id, id);
  assert.equal(second.response.headers.get('x-session-match'), 'explicit');
  const third = await nekod.stream(three, {}, { headers: { 'X-Session-Id': id } });
  assert.equal(third.response.headers.get('x-session-match'), 'explicit');
  assert.equal(checkStream(await third.rest()).first.session_id, id);
  assert.deepEqual(texts(await sim.chatWith(one)), [one, two, three]);
});

test('a conversation that is told again sends only its newest text', async () => {
  const [one, two] = [unique('one'), unique('two')];
  const { json, text } = await nekod.ask(one);
  await nekod.ask('', {
    session_id: json.session_id,
    messages: [
      { role: 'user', content: one },
      { role: 'assistant', content: text },
      { role: 'user', content: two },
    ],
  });
  assert.deepEqual(texts(await sim.chatWith(one)), [one, two]);
});

test('another system prompt begins a new chat, which is told the conversation under it', async () => {
  const [one, two, three, rule] = ['one', 'two', 'three', 'rule'].map(unique);
  const { json, text } = await nekod.ask(one);
  const session_id = json.session_id;
  const prompted = [{ role: 'system', content: rule }, { role: 'user', content: two }];
  await nekod.ask('', { session_id, messages: prompted });
  assert.deepEqual(texts(await sim.chatWith(two)), [
    `[Instructions]\n${rule}\n\n[Conversation so far]\nUser: ${one}\n\nAssistant: ${text}\n\n[New message]\n${two}`,
  ]);
  // With the same prompt, or none, the session continues there.
  await nekod.ask(three, { session_id, messages: [prompted[0], { role: 'user', content: three }] });
  assert.equal((await sim.chatWith(three)).messages.at(-1).text, three);
  assert.ok((await sim.chatWith(three)).messages[0].text.includes(rule));
});

test('an edited conversation begins a new chat, which is told that alone', async () => {
  const [one, two, three, edited] = ['one', 'two', 'three', 'edited'].map(unique);
  const { json, text } = await nekod.ask(one);
  const session_id = json.session_id;
  await nekod.ask(two, { session_id });
  const messages = [
    { role: 'user', content: edited },
    { role: 'assistant', content: text },
    { role: 'user', content: three },
  ];
  const { response } = await nekod.ask('', { session_id, messages });
  assert.equal(response.headers.get('x-session-id'), session_id);
  assert.deepEqual(texts(await sim.chatWith(three)), [
    `[Conversation so far]\nUser: ${edited}\n\nAssistant: ${text}\n\n[New message]\n${three}`,
  ]);
});

test('X-Nekod-Session names a session, and goes behind the name in the body', async () => {
  const [id, other] = [unique('named'), unique('other')];
  const headers = { 'X-Nekod-Session': id };
  const [one, two] = [unique('one'), unique('two')];
  assert.equal((await nekod.ask(one, {}, { headers })).json.session_id, id);
  await nekod.ask(two, {}, { headers });
  assert.deepEqual(texts(await sim.chatWith(one)), [one, two]);
  assert.equal((await nekod.ask(unique(), { session_id: other }, { headers })).json.session_id, other);
});

for (const scope of ['ses_0123456789', 'a/b c', 'x'.repeat(200), '.'])
  test(`X-Session-Id that names no session groups requests and keeps them apart: ${scope.slice(0, 14)}`, async () => {
    const headers = { 'X-Session-Id': scope };
    const [one, two, three] = ['one', 'two', 'three'].map(unique);
    const first = await nekod.ask(one, {}, { headers });
    const second = await nekod.ask(two, {}, { headers });
    assert.notEqual(first.json.session_id, second.json.session_id);
    assert.notEqual(first.response.headers.get('x-session-id'), scope);
    const messages = [
      { role: 'user', content: one },
      { role: 'assistant', content: first.text },
      { role: 'user', content: three },
    ];
    const third = await nekod.ask('', { messages }, { headers });
    assert.equal(third.response.headers.get('x-session-match'), 'transcript');
    assert.equal(third.json.session_id, first.json.session_id);
    assert.deepEqual(texts(await sim.chatWith(one)), [one, three]);
    // A conversation is recognised within its scope, and nowhere else.
    messages.push({ role: 'assistant', content: third.text }, { role: 'user', content: unique() });
    for (const elsewhere of [{}, { headers: { 'X-Session-Id': 'another' } }])
      assert.equal((await nekod.ask('', { messages }, elsewhere)).response.headers.get('x-session-match'), 'seeded');
  });

test('with --session-header name X-Session-Id names sessions', async (t) => {
  const named = await gateway(t, [...leadingTo(sim), '--session-header', 'name']);
  const id = unique('named');
  const headers = { 'X-Session-Id': id };
  const [one, two] = [unique('one'), unique('two')];
  assert.equal((await named.ask(one, {}, { headers })).json.session_id, id);
  await named.ask(two, {}, { headers });
  assert.deepEqual(texts(await sim.chatWith(one)), [one, two]);
  const bad = await named.post({ messages: [{ role: 'user', content: 'x' }] }, { headers: { 'X-Session-Id': 'a/b' } });
  assert.equal((await expectError(bad, 400, 'invalid_session_id')).param, 'X-Session-Id');
});

test("an id of the client's own choice makes a session of that name", async () => {
  const id = unique('my:own.session_');
  const [one, two] = [unique('one'), unique('two')];
  const first = await nekod.ask(one, { session_id: id });
  assert.equal(first.json.session_id, id);
  assert.equal(first.response.headers.get('x-session-id'), id);
  await nekod.ask(two, { session_id: id });
  assert.deepEqual(texts(await sim.chatWith(one)), [one, two]);
});

test('without an id each request has a session of its own', async () => {
  const [one, two] = [unique('one'), unique('two')];
  const first = await nekod.ask(one);
  const second = await nekod.ask(two);
  assert.notEqual(first.json.session_id, second.json.session_id);
  assert.deepEqual(texts(await sim.chatWith(one)), [one]);
  assert.deepEqual(texts(await sim.chatWith(two)), [two]);
});

test('a new session is told the system prompt and the history', async () => {
  const [system, asked, answered, now] = ['rule', 'asked', 'answered', 'now'].map(unique);
  const { response } = await nekod.ask('', {
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: asked },
      { role: 'assistant', content: answered },
      { role: 'user', content: now },
    ],
  });
  assert.equal(response.headers.get('x-session-match'), 'seeded');
  const chat = await sim.chatWith(now);
  assert.equal(chat.messages.length, 1);
  const [sent] = texts(chat);
  const places = [system, asked, answered, now].map((part) => sent.indexOf(part));
  assert.ok(!places.includes(-1), sent);
  assert.deepEqual([...places].sort((a, b) => a - b), places, 'in the order of the conversation');
  assert.notEqual(sent, [system, asked, answered, now].join('\n'), 'parts are labelled');
});

test('a plain first message goes as it is', async () => {
  const text = unique();
  const { response } = await nekod.ask(text);
  assert.equal(response.headers.get('x-session-match'), 'new');
  assert.deepEqual(texts(await sim.chatWith(text)), [text]);
});

test('a session can switch its model', async () => {
  const [one, two] = [unique('one'), unique('two')];
  const { json } = await nekod.ask(one);
  const before = (await sim.report()).calls.select_model;
  const second = await nekod.ask(two, {
    session_id: json.session_id,
    model: 'mihoyo-exotic_shorthair',
  });
  assert.equal(second.json.model, 'mihoyo-exotic_shorthair');
  const chat = await sim.chatWith(one);
  assert.equal(chat.model, 'Exotic Shorthair');
  assert.deepEqual(texts(chat), [one, two]);
  const switched = (await sim.report()).calls.select_model;
  assert.equal(switched, before + 1);
  await nekod.ask(unique(), { session_id: json.session_id, model: 'mihoyo-exotic_shorthair' });
  assert.equal((await sim.report()).calls.select_model, switched, 'no switch without need');
});

test('the list of sessions has the shape of the manual', async () => {
  const { json } = await nekod.ask(unique(), { model: 'mihoyo-exotic_shorthair' });
  const list = await sessions();
  assert.equal(list.total, list.sessions.length);
  const session = list.sessions.find((entry) => entry.id === json.session_id);
  assert.equal(session.model, 'mihoyo-exotic_shorthair');
  assert.equal(session.has_anuneko_chat, true);
  assert.match(session.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
});

test('a deleted session is gone', async () => {
  const [one, two] = [unique('one'), unique('two')];
  const { json } = await nekod.ask(one);
  const response = await remove(json.session_id);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { status: 'success', message: '会话已删除' });
  assert.ok(!(await sessions()).sessions.some((entry) => entry.id === json.session_id));
  await nekod.ask(two, { session_id: json.session_id });
  assert.deepEqual(texts(await sim.chatWith(two)), [two], 'a new chat');
});

test('deleting what is not there is a 404 in the shape of the manual', async () => {
  const response = await remove(unique('nobody'));
  assert.equal(response.status, 404);
  const body = await response.json();
  assert.equal(body.status, 'error');
  assert.equal(body.message, '会话不存在');
});

test('deleting a session cancels its running turn', async () => {
  const id = unique('doomed');
  const text = unique();
  const stream = await nekod.stream(`[sim tokens=200000 delay=20] ${text}`, { session_id: id });
  await stream.started();
  assert.equal((await remove(id)).status, 200);
  const error = checkBrokenStream(await stream.rest());
  assert.equal(error.code, 'session_deleted');
  await sim.quiet();
  assert.equal((await sim.chatWith(text)).messages[0].state, 'aborted');
});

test('deleting a session answers the turns that wait for it', async () => {
  const id = unique('doomed');
  const running = await nekod.stream(`[sim tokens=200000 delay=20] ${unique()}`, { session_id: id });
  await running.started();
  const waiting = nekod.post({ messages: [{ role: 'user', content: unique() }], session_id: id });
  // The session may be gone before the second request arrives: then that request begins it again.
  await remove(id);
  const response = await waiting;
  if (response.status !== 200) await expectError(response, 404, 'session_deleted');
  checkBrokenStream(await running.rest());
  await sim.quiet();
});

test('turns of one session run one after another', async () => {
  const id = unique('shared');
  const all = Array.from({ length: 8 }, () => unique());
  await Promise.all(
    all.map(async (text) => {
      const stream = await nekod.stream(`[sim delay=1] ${text}`, { session_id: id });
      assert.ok(checkStream(await stream.rest()).text.includes(text), 'each gets its own answer');
    }),
  );
  const chat = await sim.chatWith(all[0]);
  assert.equal(chat.messages.length, all.length);
  assert.ok(chat.messages.every((message) => message.state === 'done'));
});

test('a full queue answers 429 and the turns in it still run', async (t) => {
  const tight = await gateway(t, [...leadingTo(sim), '--session-queue', '2']);
  const id = unique('busy');
  const running = await tight.stream(`[sim tokens=100 delay=10] ${unique()}`, { session_id: id });
  await running.started();
  const body = { messages: [{ role: 'user', content: unique() }], session_id: id };
  const responses = await Promise.all(Array.from({ length: 5 }, () => tight.post(body)));
  checkStream(await running.rest());
  const refused = responses.filter((response) => response.status !== 200);
  assert.equal(refused.length, 3, responses.map((response) => response.status).join());
  for (const response of refused) {
    assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    await expectError(response, 429, 'session_busy', 'rate_limit_error');
  }
  await tight.ask(unique(), { session_id: id });
});

test('an upstream chat is kept when the list of sessions is asked for while a turn runs', async () => {
  const id = unique('busy');
  const stream = await nekod.stream(`[sim tokens=200 delay=2] ${unique()}`, { session_id: id });
  await stream.started();
  assert.ok((await sessions()).sessions.some((entry) => entry.id === id));
  checkStream(await stream.rest());
});

test('the simulator saw no wrong use', async () => {
  const report = await sim.quiet();
  assert.deepEqual(report.violations, []);
  assert.equal(report.violation_count, 0);
});
