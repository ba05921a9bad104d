// Conversations: created, gone on in, listed, changed and deleted, over either kind of upstream and whichever API
// said their messages.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { eventsOf, respond, responseOf, textOf } from './responding.mjs';
import { answer, leadingToAddress, reply, scriptedServer } from './scripted.mjs';
import { addKey, expectError, gateway, leadingTo, simulator, temporaryFolder, unique, until } from './support.mjs';

const sim = await simulator({ after });
const upstream = await scriptedServer({ after });
const kinds = [
  ['anuneko', leadingTo(sim)],
  ['openai', leadingToAddress(`${upstream.origin}/v1`)],
];
const nekods = new Map();
for (const [kind, args] of kinds) nekods.set(kind, await gateway({ after }, args));
const open = nekods.get('openai');

const send = (to, method, path, body, headers = {}) =>
  fetch(`${to.url}/v1/conversations${path}`, {
    method,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  });
const jsonOf = async (response, status = 200) => {
  const text = await response.text();
  assert.equal(response.status, status, text);
  return JSON.parse(text);
};
const begin = async (to, body) => jsonOf(await send(to, 'POST', '', body));
const itemsOf = async (to, id) => (await jsonOf(await send(to, 'GET', `/${id}/items?order=asc&limit=100`))).data;
const textsOf = (items) => items.map((item) => (item.content ?? []).map((part) => part.text).join(''));
const message = (role, text) => ({ type: 'message', role, content: text });
const says = (text) => (upstream.say = (_, response) => reply(response, 200, answer(text)));
const told = () => upstream.requests.at(-1).body.messages;
const sessionOf = async (to, id) => {
  const { sessions } = await jsonOf(await fetch(`${to.url}/sessions`));
  return sessions.find((session) => session.conversation === id);
};

for (const [kind, args] of kinds) {
  const nekod = nekods.get(kind);

  test(`${kind}: a conversation is created, shown, noted and deleted`, async () => {
    const made = await begin(nekod, { metadata: { topic: 'cats' } });
    assert.match(made.id, /^conv_[0-9a-f]{48}$/);
    assert.deepEqual(Object.keys(made), ['id', 'object', 'created_at', 'metadata']);
    assert.deepEqual([made.object, made.metadata], ['conversation', { topic: 'cats' }]);
    assert.ok(Math.abs(made.created_at - Date.now() / 1000) < 60);
    assert.deepEqual(await jsonOf(await send(nekod, 'GET', `/${made.id}`)), made);
    const noted = await jsonOf(await send(nekod, 'POST', `/${made.id}`, { metadata: { topic: 'dogs' } }));
    assert.deepEqual(noted, { ...made, metadata: { topic: 'dogs' } });
    assert.deepEqual(await jsonOf(await send(nekod, 'GET', `/${made.id}`)), noted);
    assert.ok(await sessionOf(nekod, made.id), 'it is a session');
    assert.deepEqual(await jsonOf(await send(nekod, 'DELETE', `/${made.id}`)), {
      id: made.id, object: 'conversation.deleted', deleted: true,
    });
    for (const [method, path] of [['GET', ''], ['DELETE', ''], ['GET', '/items'], ['GET', '/items/msg_1'], ['DELETE', '/items/msg_1']])
      await expectError(await send(nekod, method, `/${made.id}${path}`), 404, 'conversation_not_found');
    await expectError(await respond(nekod, { conversation: made.id, input: 'x' }), 404, 'conversation_not_found');
  });

  test(`${kind}: turns go on in their conversation, and it has their items with the ids that were told`, async () => {
    const { id } = await begin(nekod, {});
    const [one, two] = [unique('one'), unique('two')];
    const first = await responseOf(nekod, { conversation: id, input: one });
    assert.deepEqual(first.json.conversation, { id });
    assert.equal(first.response.headers.get('x-session-match'), 'explicit');
    const events = await eventsOf(await respond(nekod, { conversation: { id }, input: two, stream: true }));
    const second = events.at(-1).response;
    assert.equal(second.session_id, first.json.session_id);
    const items = await itemsOf(nekod, id);
    assert.deepEqual(textsOf(items), [one, textOf(first.json), two, textOf(second)]);
    assert.deepEqual([items[1], items[3]], [first.json.output[0], second.output[0]]);
    assert.deepEqual(await jsonOf(await send(nekod, 'GET', `/${id}/items/${items[2].id}`)), items[2]);
    assert.equal((await sessionOf(nekod, id)).turns, 2);
  });

  test(`${kind}: what a chat said is in the conversation of its session, always with the same ids`, async () => {
    const text = unique('chat');
    const chat = await nekod.ask(text);
    const { sessions } = await jsonOf(await fetch(`${nekod.url}/sessions`));
    const { conversation } = sessions.find((session) => session.id === chat.json.session_id);
    const items = await itemsOf(nekod, conversation);
    assert.deepEqual(items.map((item) => [item.type, item.role]), [['message', 'user'], ['message', 'assistant']]);
    assert.equal(textsOf(items)[0], text);
    const more = unique('more');
    const next = await responseOf(nekod, { conversation, input: more });
    assert.equal(next.json.session_id, chat.json.session_id);
    const after = await itemsOf(nekod, conversation);
    assert.deepEqual(after.slice(0, 2), items);
    assert.deepEqual(textsOf(after).slice(2), [more, textOf(next.json)]);
  });

  test(`${kind}: with store:false a turn is in the conversation, and no response is kept`, async () => {
    const { id } = await begin(nekod, {});
    const { json } = await responseOf(nekod, { conversation: id, input: unique(), store: false });
    assert.equal((await itemsOf(nekod, id)).length, 2);
    await expectError(await fetch(`${nekod.url}/v1/responses/${json.id}`), 404, 'response_not_found');
  });

  test(`${kind}: responses of a deleted conversation stay to be looked at, and cannot be followed`, async () => {
    const { id } = await begin(nekod, {});
    const { json } = await responseOf(nekod, { conversation: id, input: unique() });
    await jsonOf(await send(nekod, 'DELETE', `/${id}`));
    assert.deepEqual(await jsonOf(await fetch(`${nekod.url}/v1/responses/${json.id}`)), json);
    await jsonOf(await fetch(`${nekod.url}/v1/responses/${json.id}/input_items`));
    await expectError(
      await respond(nekod, { previous_response_id: json.id, input: 'x' }), 400, 'previous_response_not_found');
  });

  test(`${kind}: a conversation survives kill -9, with its notes, items and session`, async (t) => {
    const file = ['--store', `sqlite:${join(temporaryFolder(t), 'sessions.db')}`];
    let killed = await gateway(t, [...args, ...file]);
    const made = await begin(killed, { metadata: { a: 'b' }, items: [message('user', 'before')] });
    const { json } = await responseOf(killed, { conversation: made.id, input: unique() });
    const items = await itemsOf(killed, made.id);
    killed.kill('SIGKILL');
    await killed.ended();
    killed = await gateway(t, [...args, ...file]);
    assert.deepEqual(await jsonOf(await send(killed, 'GET', `/${made.id}`)), made);
    assert.deepEqual(await itemsOf(killed, made.id), items);
    const next = await responseOf(killed, { conversation: made.id, input: unique() });
    assert.equal(next.json.session_id, json.session_id);
    assert.equal((await itemsOf(killed, made.id)).length, 5);
  });

  test(`${kind}: a conversation branches at one of its items`, async () => {
    const { id } = await begin(nekod, {});
    const texts = [unique('one'), unique('two')];
    const first = await responseOf(nekod, { conversation: id, input: texts[0] });
    await responseOf(nekod, { conversation: id, input: texts[1] });
    const items = await itemsOf(nekod, id);
    const metadata = { parent: id, from_item: items[1].id };
    const branch = await begin(nekod, { metadata });
    assert.deepEqual(branch.metadata, metadata);
    assert.deepEqual(await itemsOf(nekod, branch.id), items.slice(0, 2));
    const third = unique('three');
    const next = await responseOf(nekod, { conversation: branch.id, input: third });
    assert.notEqual(next.json.session_id, first.json.session_id);
    assert.deepEqual(textsOf(await itemsOf(nekod, branch.id)).slice(0, 3), [texts[0], textOf(first.json), third]);
    assert.equal((await itemsOf(nekod, id)).length, 4);
    const plain = await begin(nekod, { metadata: { parent: id, from_item: 'msg_0' } });
    assert.deepEqual(await itemsOf(nekod, plain.id), []);
  });
}

test('items are added, told to the upstream, and deleted', async () => {
  says('ok');
  const made = await begin(open, { items: [message('developer', 'be brief'), message('user', 'one')] });
  const call = { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' };
  const output = { type: 'function_call_output', call_id: 'call_1', output: 'done' };
  const added = await jsonOf(await send(open, 'POST', `/${made.id}/items`, {
    items: [message('assistant', 'two'), call, output, { ...message('user', 'three'), id: 'msg_mine' }],
  }));
  assert.deepEqual([added.object, added.data.length, added.last_id], ['list', 4, 'msg_mine']);
  await responseOf(open, { conversation: made.id, input: 'four' });
  const heard = [
    { role: 'system', content: 'be brief' },
    { role: 'user', content: 'one' },
    {
      role: 'assistant',
      content: 'two',
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'done' },
    { role: 'user', content: 'three' },
    { role: 'user', content: 'four' },
  ];
  assert.deepEqual(told(), heard);
  const types = (await itemsOf(open, made.id)).map((item) => item.role ?? item.type);
  assert.deepEqual(types, [
    'developer', 'user', 'assistant', 'function_call', 'function_call_output', 'user', 'user', 'assistant',
  ]);
  assert.deepEqual(await jsonOf(await send(open, 'DELETE', `/${made.id}/items/msg_mine`)), made);
  await expectError(await send(open, 'GET', `/${made.id}/items/msg_mine`), 404, 'item_not_found');
  await responseOf(open, { conversation: made.id, input: 'five' });
  assert.deepEqual(told(), [
    ...heard.filter(({ content }) => content !== 'three'),
    { role: 'assistant', content: 'ok' },
    { role: 'user', content: 'five' },
  ]);
});

test('a call or an output that the conversation has is not added again', async () => {
  const call = { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' };
  const output = { type: 'function_call_output', call_id: 'call_1', output: 'done' };
  const { id } = await begin(open, { items: [call] });
  const refused = async (items, param) => {
    const error = await expectError(await send(open, 'POST', `/${id}/items`, { items }), 400, 'invalid_value');
    assert.equal(error.param, param);
  };
  await refused([message('user', 'x'), call], 'items[1].call_id');
  await refused([output, output], 'items[1].call_id');
  assert.equal((await itemsOf(open, id)).length, 1);
  await jsonOf(await send(open, 'POST', `/${id}/items`, { items: [output] }));
  await refused([output], 'items[0].call_id');
  // Some services count their calls in each answer anew.
  await jsonOf(await send(open, 'POST', `/${id}/items`, { items: [call, output] }));
  await responseOf(open, { conversation: id, input: 'go on' });
  assert.deepEqual(told().map(({ role }) => role), ['assistant', 'tool', 'assistant', 'tool', 'user']);
  // What follows in the parent does not count in a branch.
  const all = await itemsOf(open, id);
  await begin(open, { metadata: { parent: id, from_item: all[0].id }, items: [output] });
  await expectError(await send(open, 'POST', '', { items: [call, call] }), 400, 'invalid_value');
});

test('items that are added at once never share an id', async () => {
  const { id } = await begin(open, {});
  const added = await Promise.all(
    Array.from({ length: 8 }, (_, n) =>
      send(open, 'POST', `/${id}/items`, { items: [{ ...message('user', `text ${n}`), id: 'msg_same' }] })),
  );
  // The others find it there, or the conversation locked.
  const won = added.filter(({ status }) => status === 200);
  assert.equal(won.length, 1);
  assert.ok(added.every(({ status }) => status === 200 || status === 400));
  assert.deepEqual((await itemsOf(open, id)).map((item) => item.id), ['msg_same']);
  const gone = await Promise.all(Array.from({ length: 8 }, () => send(open, 'DELETE', `/${id}/items/msg_same`)));
  assert.equal(gone.filter(({ status }) => status === 200).length, 1);
});

test('in a conversation an id that another item has is refused, and nothing is said', async () => {
  says('ok');
  const { id } = await begin(open, { items: [{ ...message('user', 'a'), id: unique('msg') }] });
  const [first] = await itemsOf(open, id);
  const elsewhere = { ...message('user', 'c'), id: unique('msg') };
  await responseOf(open, { input: [elsewhere] });
  await responseOf(open, { conversation: id, input: [{ ...message('user', 'b'), id: unique('msg') }] });
  const before = await itemsOf(open, id);
  const heard = upstream.requests.length;
  const twice = unique('msg');
  for (const [input, place] of [
    [[{ ...message('user', 'b'), id: first.id }], 'input[0].id'],
    [[message('user', 'b'), { ...message('user', 'd'), id: elsewhere.id }], 'input[1].id'],
    [[{ ...message('user', 'b'), id: twice }, { ...message('user', 'd'), id: twice }], 'input[1].id'],
  ]) {
    const { param } = await expectError(await respond(open, { conversation: id, input }), 400, 'invalid_value');
    assert.equal(param, place);
  }
  assert.equal(upstream.requests.length, heard);
  assert.deepEqual(await itemsOf(open, id), before);
  await responseOf(open, { conversation: id, input: [elsewhere] });
  assert.equal((await itemsOf(open, id)).at(-2).id, elsewhere.id, 'one that says the same is that item');
});

test('a response in the background has an end when its conversation is deleted', async () => {
  upstream.say = () => {};
  const { id } = await begin(open, {});
  const { json } = await responseOf(open, { conversation: id, input: 'wait', background: true });
  await until(() => upstream.requests.at(-1).body.messages.at(-1).content === 'wait', 'the turn does not run');
  await jsonOf(await send(open, 'DELETE', `/${id}`));
  const shown = async () => (await fetch(`${open.url}/v1/responses/${json.id}`)).json();
  await until(async () => (await shown()).status === 'failed', 'the response does not end');
  says('ok');
});

test('a prompt stays in its conversation until another one replaces it', async () => {
  says('ok');
  const { id } = await begin(open, {});
  const prompts = async (fields) => {
    await responseOf(open, { conversation: id, input: unique(), ...fields });
    return told().filter(({ role }) => role === 'system').map(({ content }) => content);
  };
  assert.deepEqual(await prompts({ instructions: 'first' }), ['first']);
  assert.deepEqual(await prompts({}), ['first']);
  assert.deepEqual(await prompts({ input: [message('developer', 'more'), message('user', 'x')] }), ['first\n\nmore']);
  assert.deepEqual(await prompts({}), ['first\n\nmore']);
  assert.deepEqual(await prompts({ instructions: 'second' }), ['second\n\nmore']);
  const answered = await begin(open, { items: [message('user', 'a'), message('assistant', 'b')] });
  await responseOf(open, { conversation: answered.id, input: [message('user', 'c'), message('assistant', 'd'), message('user', 'e')] });
  assert.deepEqual(told().map(({ content }) => content), ['a', 'b', 'c', 'd', 'e'], 'all that is new follows');
});

test('AnuNeko hears a changed conversation in a new chat', async () => {
  const nekod = nekods.get('anuneko');
  const [one, two, three] = [unique('one'), unique('two'), unique('three')];
  const { id } = await begin(nekod, {});
  await responseOf(nekod, { conversation: id, input: one });
  await responseOf(nekod, { conversation: id, input: two });
  const items = await itemsOf(nekod, id);
  for (const item of items.slice(0, 2)) await jsonOf(await send(nekod, 'DELETE', `/${id}/items/${item.id}`));
  await responseOf(nekod, { conversation: id, input: three });
  const newest = (await sim.chats()).at(-1).messages[0].text;
  assert.ok(newest.includes(two) && newest.includes(three) && !newest.includes(one), newest);
});

test('requests of one conversation queue, and past the queue it is locked', async (t) => {
  const nekod = await gateway(t, [...leadingToAddress(`${upstream.origin}/v1`), '--session-queue', '1']);
  const { id } = await begin(nekod, {});
  const held = [];
  upstream.say = (_, response) => held.push(response);
  const asked = [1, 2].map((i) => responseOf(nekod, { conversation: id, input: `text ${i}` }));
  await until(() => held.length === 1, 'the first turn runs');
  await until(async () => (await sessionOf(nekod, id))?.state === 'answering', 'the session answers');
  const locked = async (response) =>
    assert.equal((await expectError(response, 400, 'conversation_locked')).param, 'conversation');
  await locked(await send(nekod, 'POST', `/${id}`, { metadata: {} }));
  await locked(await send(nekod, 'POST', `/${id}/items`, { items: [message('user', 'x')] }));
  await locked(await respond(nekod, { conversation: id, input: 'text 3' }));
  await locked(await respond(nekod, { conversation: id, input: 'text 4', stream: true }));
  says('ok');
  reply(held[0], 200, answer('ok'));
  await Promise.all(asked);
  assert.deepEqual(new Set(textsOf(await itemsOf(nekod, id))), new Set(['text 1', 'ok', 'text 2']));
  await jsonOf(await send(nekod, 'POST', `/${id}`, { metadata: {} }));
});

test('bad input names the field, and changes nothing', async () => {
  const { id } = await begin(open, { items: [{ ...message('user', 'one'), id: 'msg_one' }] });
  for (const [path, body, code, param] of [
    ['', '[]', 'invalid_type', null],
    ['', '{', 'invalid_json', null],
    ['', { metadata: 5 }, 'invalid_type', 'metadata'],
    ['', { metadata: { a: 5 } }, 'invalid_type', 'metadata'],
    ['', { items: 'x' }, 'invalid_type', 'items'],
    ['', { items: Array(21).fill(message('user', 'x')) }, 'invalid_value', 'items'],
    ['', { items: [{ type: 'item_reference', id: 'msg_one' }] }, 'invalid_value', 'items[0]'],
    ['', { items: [{ ...message('user', 'x'), id: 'a' }, { ...message('user', 'y'), id: 'a' }] }, 'invalid_value', 'items[1].id'],
    [`/${id}`, {}, 'missing_required_parameter', 'metadata'],
    [`/${id}/items`, {}, 'missing_required_parameter', 'items'],
    [`/${id}/items`, { items: [] }, 'missing_required_parameter', 'items'],
    [`/${id}/items`, { items: [{ ...message('user', 'x'), id: 'msg_one' }] }, 'invalid_value', 'items[0].id'],
  ]) {
    const error = await expectError(await send(open, 'POST', path, body), 400, code);
    assert.equal(error.param, param, JSON.stringify([path, body]));
  }
  await expectError(await send(open, 'GET', `/${id}/items?limit=0`), 400, 'invalid_value');
  await expectError(await send(open, 'GET', `/${id}/items?after=msg_0`), 404, 'item_not_found');
  await expectError(await send(open, 'GET', `/${id}/other`), 404, 'not_found');
  assert.equal((await itemsOf(open, id)).length, 1);
});

test('tenants never meet in a conversation', async (t) => {
  const file = join(temporaryFolder(t), 'keys');
  const [a, b] = ['a', 'b'].map((name) => ({ Authorization: `Bearer ${addKey(file, name)}` }));
  const nekod = await gateway(t, [...leadingTo(sim), '--api-keys', file]);
  const { id } = await jsonOf(await send(nekod, 'POST', '', { items: [message('user', 'x')] }, a));
  for (const [method, path, body] of [
    ['GET', ''], ['POST', '', { metadata: {} }], ['DELETE', ''], ['GET', '/items'],
    ['POST', '/items', { items: [message('user', 'y')] }],
  ])
    await expectError(await send(nekod, method, `/${id}${path}`, body, b), 404, 'conversation_not_found');
  await expectError(await respond(nekod, { conversation: id, input: 'x' }, b), 404, 'conversation_not_found');
  assert.equal((await jsonOf(await send(nekod, 'GET', `/${id}/items`, undefined, a))).data.length, 1);
});

test('a session whose first turn runs or has failed has no items', async () => {
  const held = [];
  upstream.say = (_, response) => held.push(response);
  const name = unique('new');
  const first = fetch(`${open.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ session_id: name, messages: [{ role: 'user', content: 'x' }] }),
  });
  await until(() => held.length > 0, 'the turn does not run');
  const { conversation } = await jsonOf(await fetch(`${open.url}/sessions/${name}`));
  assert.deepEqual(await itemsOf(open, conversation), []);
  for (const response of held) reply(response, 400, { error: { message: 'no', type: 'x', code: 'x', param: null } });
  await (await first).text();
  // With a shared store a session leaves memory as soon as it rests, and this one has no record.
  if (process.env.NEKOD_E2E_STORE === 'postgres') return says('ok');
  assert.deepEqual(await itemsOf(open, conversation), []);
  assert.equal((await jsonOf(await send(open, 'GET', `/${conversation}`))).id, conversation);
  await expectError(await send(open, 'GET', `/${conversation}/items/msg_1`), 404, 'item_not_found');
  says('ok');
});
