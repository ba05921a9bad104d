// Responses that are stored: followed, branched from, fetched, listed and deleted, over either kind of upstream, and
// across a restart.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { eventsOf, respond, responseOf, textOf } from './responding.mjs';
import { answer, leadingToAddress, reply, scriptedServer } from './scripted.mjs';
import { addKey, expectError, gateway, leadingTo, simulator, temporaryFolder, unique } from './support.mjs';

const sim = await simulator({ after });
const upstream = await scriptedServer({ after });
const keeping = (file) => ['--store', `sqlite:${file}`];
const kinds = [
  ['anuneko', leadingTo(sim)],
  ['openai', leadingToAddress(`${upstream.origin}/v1`)],
];
const nekods = new Map();
for (const [kind, args] of kinds) nekods.set(kind, await gateway({ after }, args));
const open = nekods.get('openai');

const get = (to, path, options = {}) => fetch(`${to.url}/v1/responses/${path}`, options);
const jsonOf = async (response, status = 200) => {
  const text = await response.text();
  assert.equal(response.status, status, text);
  return JSON.parse(text);
};
const itemsOf = async (to, id, query = '?order=asc&limit=100') => jsonOf(await get(to, `${id}/input_items${query}`));
const told = () => upstream.requests.at(-1).body.messages;
const following = (id, input, fields = {}) => ({ previous_response_id: id, input, ...fields });
const match = ({ response }) => response.headers.get('x-session-match');

for (const [kind, args] of kinds) {
  const nekod = nekods.get(kind);

  test(`${kind}: a response is fetched as it was told, whole and streamed`, async () => {
    const { json } = await responseOf(nekod, { input: unique(), metadata: { a: 'b' }, instructions: 'be kind' });
    assert.equal(json.store, true);
    assert.deepEqual(await jsonOf(await get(nekod, json.id)), json);
    const events = await eventsOf(await respond(nekod, { input: unique(), stream: true }));
    const { response } = events.at(-1);
    assert.equal(events.at(-1).type, 'response.completed');
    assert.deepEqual(await jsonOf(await get(nekod, response.id)), response);
  });

  test(`${kind}: a chain goes on in its session, and each response has its own place in it`, async () => {
    const texts = [unique('one'), unique('two'), unique('three')];
    const first = await responseOf(nekod, { input: texts[0] });
    const second = await responseOf(nekod, following(first.json.id, texts[1]));
    assert.equal(match(second), 'explicit');
    assert.equal(second.json.session_id, first.json.session_id);
    assert.equal(second.json.previous_response_id, first.json.id);
    const events = await eventsOf(await respond(nekod, following(second.json.id, texts[2], { stream: true })));
    const third = events.at(-1).response;
    assert.equal(third.session_id, first.json.session_id);
    const { data, has_more } = await itemsOf(nekod, third.id);
    assert.equal(has_more, false);
    assert.deepEqual(data.map((item) => item.content.map((part) => part.text).join('')), [
      texts[0], textOf(first.json), texts[1], textOf(second.json), texts[2],
    ]);
    assert.equal(data[1].id, first.json.output[0].id);
  });

  test(`${kind}: a chain branches from an older response, and neither branch hears the other`, async () => {
    const [root, left, right, last] = [unique('root'), unique('left'), unique('right'), unique('last')];
    const first = await responseOf(nekod, { input: root });
    const one = await responseOf(nekod, following(first.json.id, left));
    const two = await responseOf(nekod, following(first.json.id, right));
    assert.equal(match(two), 'seeded');
    assert.notEqual(two.json.session_id, one.json.session_id);
    const again = await responseOf(nekod, following(one.json.id, last));
    assert.equal(again.json.session_id, one.json.session_id);
    const texts = JSON.stringify((await itemsOf(nekod, again.json.id)).data);
    assert.ok(texts.includes(left) && !texts.includes(right));
  });

  test(`${kind}: two requests that follow one response at once are two branches`, async () => {
    const first = await responseOf(nekod, { input: unique() });
    const answers = await Promise.all([1, 2, 3].map(() => responseOf(nekod, following(first.json.id, unique()))));
    assert.equal(new Set(answers.map(({ json }) => json.session_id)).size, 3);
    assert.equal(answers.filter((a) => match(a) === 'explicit').length, 1);
  });

  test(`${kind}: two requests that follow one response at once are two branches after nekod was killed, too`, async (t) => {
    const file = join(temporaryFolder(t), 'sessions.db');
    let killed = await gateway(t, [...args, ...keeping(file)]);
    const first = await responseOf(killed, { input: unique('before') });
    for (let round = 0; round < 5; round += 1) {
      killed.kill('SIGKILL');
      await killed.ended();
      killed = await gateway(t, [...args, ...keeping(file)]);
      const answers = await Promise.all([1, 2, 3].map(() => responseOf(killed, following(first.json.id, unique()))));
      assert.equal(new Set(answers.map(({ json }) => json.session_id)).size, 3);
      assert.equal(answers.filter((a) => match(a) === 'explicit').length, round === 0 ? 1 : 0);
    }
  });

  test(`${kind}: a chain goes on after nekod was killed, in its session`, async (t) => {
    const file = join(temporaryFolder(t), 'sessions.db');
    let killed = await gateway(t, [...args, ...keeping(file)]);
    const first = await responseOf(killed, { input: unique('before') });
    const events = await eventsOf(await respond(killed, following(first.json.id, unique('then'), { stream: true })));
    killed.kill('SIGKILL');
    await killed.ended();
    killed = await gateway(t, [...args, ...keeping(file)]);
    const { response } = events.at(-1);
    assert.deepEqual(await jsonOf(await get(killed, response.id)), response);
    const next = await responseOf(killed, following(response.id, unique('after')));
    assert.equal(next.json.session_id, first.json.session_id);
    assert.equal((await itemsOf(killed, next.json.id)).data.length, 5);
  });

  test(`${kind}: a request that is sent again gets the answer of the first, and no branch`, async () => {
    const first = await responseOf(nekod, { input: unique() });
    const body = following(first.json.id, unique());
    const key = { 'Idempotency-Key': unique('key') };
    const one = await responseOf(nekod, body, key);
    const two = await responseOf(nekod, body, key);
    assert.deepEqual(two.json, one.json);
    assert.equal(two.response.headers.get('idempotent-replayed'), 'true');
  });

  test(`${kind}: with store:false nothing is kept`, async () => {
    const { json } = await responseOf(nekod, { input: unique(), store: false });
    assert.equal(json.store, false);
    await expectError(await get(nekod, json.id), 404, 'response_not_found');
    const error = await expectError(
      await respond(nekod, following(json.id, 'x')), 400, 'previous_response_not_found');
    assert.equal(error.param, 'previous_response_id');
    assert.ok(error.message.includes(json.id));
    const reference = { type: 'item_reference', id: json.output[0].id };
    await expectError(await respond(nekod, { input: [reference, { role: 'user', content: 'x' }] }), 404, 'item_not_found');
  });

  test(`${kind}: items are referred to by their ids, without a predecessor`, async () => {
    const text = unique('first');
    const { json } = await responseOf(nekod, { input: text });
    const input = [
      { role: 'user', content: [{ type: 'input_text', text }] },
      { type: 'item_reference', id: json.output[0].id },
      { role: 'user', content: unique('second') },
    ];
    const next = await responseOf(nekod, { input });
    assert.equal(match(next), 'transcript');
    assert.equal(next.json.session_id, json.session_id);
    const { data } = await itemsOf(nekod, next.json.id);
    assert.equal(data[1].id, json.output[0].id);
    assert.equal(textOf({ output: [data[1]] }), textOf(json));
  });

  test(`${kind}: a reference to what is in the chain is not told again`, async () => {
    const first = await responseOf(nekod, { input: unique() });
    const input = [{ type: 'item_reference', id: first.json.output[0].id }, { role: 'user', content: unique() }];
    const next = await responseOf(nekod, following(first.json.id, input));
    assert.equal(next.json.session_id, first.json.session_id);
    assert.equal((await itemsOf(nekod, next.json.id)).data.length, 3);
  });

  test(`${kind}: a deleted response is found nowhere; those that follow it stay`, async () => {
    const first = await responseOf(nekod, { input: unique('one') });
    const second = await responseOf(nekod, following(first.json.id, unique('two')));
    assert.deepEqual(await jsonOf(await get(nekod, first.json.id, { method: 'DELETE' })), {
      id: first.json.id, object: 'response', deleted: true,
    });
    await expectError(await get(nekod, first.json.id), 404, 'response_not_found');
    await expectError(await get(nekod, first.json.id, { method: 'DELETE' }), 404, 'response_not_found');
    await expectError(await respond(nekod, following(first.json.id, 'x')), 400, 'previous_response_not_found');
    const third = await responseOf(nekod, following(second.json.id, unique('three')));
    assert.equal(third.json.session_id, first.json.session_id);
    assert.equal((await itemsOf(nekod, third.json.id)).data.length, 5);
  });

  test(`${kind}: an input that ends with an answer is followed by another, however the chain is told`, async () => {
    const [q, partial, next, last] = ['question', 'partial', 'next', 'last'].map((name) => unique(name));
    const input = [{ role: 'user', content: q }, { role: 'assistant', content: partial }];
    const first = await responseOf(nekod, { input });
    assert.ok(!textOf(first.json).includes(partial) || kind === 'anuneko');
    const second = await responseOf(nekod, following(first.json.id, next));
    assert.equal(match(second), 'explicit');
    const said = [...input, ...first.json.output, { role: 'user', content: next }, ...second.json.output];
    const third = await responseOf(nekod, { input: [...said, { role: 'user', content: last }] });
    assert.equal(match(third), 'transcript');
    assert.equal(third.json.session_id, first.json.session_id);
    if (kind === 'anuneko') return;
    assert.deepEqual(told().map((message) => message.content), [q, partial, textOf(first.json), next, textOf(second.json), last]);
  });

  test(`${kind}: the responses of a deleted session go with it`, async () => {
    const { json } = await responseOf(nekod, { input: unique() });
    await jsonOf(await fetch(`${nekod.url}/sessions/${json.session_id}`, { method: 'DELETE' }));
    await expectError(await get(nekod, json.id), 404, 'response_not_found');
    await expectError(await respond(nekod, following(json.id, 'x')), 400, 'previous_response_not_found');
  });
}

test('an upstream that remembers nothing hears the whole chain, in the order it was said', async () => {
  const call = { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } };
  const saying = (message) => (upstream.say = (_, response) =>
    reply(response, 200, { ...answer(''), choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: 'stop' }] }));
  const tools = [{ type: 'function', name: 'weather', parameters: { type: 'object' } }];
  saying({ content: null, reasoning_content: 'hm', tool_calls: [call], extra: { kept: true } });
  const first = await responseOf(open, { input: 'weather?', tools, instructions: 'one' });
  assert.deepEqual(first.json.output.map((item) => item.type), ['reasoning', 'function_call']);
  saying({ content: 'cold' });
  const output = [{ type: 'function_call_output', call_id: 'call_a', output: '-3' }];
  const second = await responseOf(open, following(first.json.id, output, { instructions: 'two' }));
  assert.equal(second.json.session_id, first.json.session_id);
  assert.deepEqual(told(), [
    { role: 'system', content: 'two' },
    { role: 'user', content: 'weather?' },
    { role: 'assistant', content: null, reasoning_content: 'hm', tool_calls: [call], extra: { kept: true } },
    { role: 'tool', tool_call_id: 'call_a', content: '-3' },
  ]);
  // The AI SDK sends the call once more, without an id, beside the predecessor; instructions do not carry over.
  const inline = { type: 'function_call', call_id: 'call_a', name: 'weather', arguments: '{"city":"Oslo"}' };
  const third = await responseOf(open, following(first.json.id, [inline, ...output, { role: 'user', content: 'and?' }]));
  assert.equal(match(third), 'seeded');
  assert.deepEqual(told().map((message) => message.role), ['user', 'assistant', 'tool', 'user']);
  assert.deepEqual(told()[1].tool_calls, [call]);
  upstream.say = (_, response) => reply(response, 200, answer('ok'));
});

test('items that tell the conversation are told in the words of the upstream, with what items cannot hold', async () => {
  const call = { id: 'call_s', type: 'function', function: { name: 'weather', arguments: '{}' }, extra_content: { google: { thought_signature: 'sig' } } };
  const tools = [{ type: 'function', name: 'weather', parameters: { type: 'object' } }];
  upstream.say = (_, response) =>
    reply(response, 200, { ...answer(''), choices: [{ index: 0, message: { role: 'assistant', content: null, tool_calls: [call] }, finish_reason: 'tool_calls' }] });
  const asked = { role: 'user', content: unique('weather?') };
  for (const store of [true, false]) {
    const first = await responseOf(open, { input: [asked], tools, store });
    const output = { type: 'function_call_output', call_id: 'call_s', output: '-3' };
    const items = first.json.output.map((item) => (store ? { type: 'item_reference', id: item.id } : item));
    const second = await responseOf(open, { input: [asked, ...items, output], tools, store });
    assert.equal(match(second), 'transcript');
    assert.deepEqual(told()[1].tool_calls, [call]);
  }
  upstream.say = (_, response) => reply(response, 200, answer('ok'));
});

test('a response that failed or was left is not stored, and its predecessor can be followed', async () => {
  upstream.say = (_, response) => reply(response, 200, answer('ok'));
  const first = await responseOf(open, { input: unique() });
  upstream.say = (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('data: {"choices":[{"index":0,"delta":{"content":"ab"}}]}\n\n', () => response.destroy());
  };
  const events = await eventsOf(await respond(open, following(first.json.id, unique(), { stream: true })));
  const { response } = events.at(-1);
  assert.equal(response.status, 'failed');
  await expectError(await respond(open, following(response.id, 'x')), 400, 'previous_response_not_found');
  upstream.say = (_, response) => reply(response, 200, answer('ok'));
  const next = await responseOf(open, following(first.json.id, unique()));
  assert.equal(next.json.session_id, first.json.session_id);
});

test('lists of items come by pages, either way round', async () => {
  const input = Array.from({ length: 5 }, (_, i) => ({ role: 'user', content: `text ${i}`, id: `mine_${i}_${unique('id')}` }));
  const { json } = await responseOf(open, { input });
  const ids = input.map(({ id }) => id.replace(/^mine/, 'mine'));
  const page = await itemsOf(open, json.id, '?order=asc&limit=2');
  assert.deepEqual([page.object, page.first_id, page.last_id, page.has_more], ['list', ids[0], ids[1], true]);
  const next = await itemsOf(open, json.id, `?order=asc&limit=3&after=${ids[1]}`);
  assert.deepEqual([next.data.map(({ id }) => id), next.has_more], [ids.slice(2), false]);
  const newest = await itemsOf(open, json.id, '');
  assert.deepEqual(newest.data.map(({ id }) => id), [...ids].reverse());
  const none = await itemsOf(open, json.id, `?order=asc&after=${ids[4]}`);
  assert.deepEqual([none.data, none.first_id, none.last_id, none.has_more], [[], '', '', false]);
  for (const [query, status, code, param] of [
    ['?limit=0', 400, 'invalid_value', 'limit'],
    ['?limit=101', 400, 'invalid_value', 'limit'],
    ['?order=up', 400, 'invalid_value', 'order'],
    ['?after=msg_0', 404, 'item_not_found', 'after'],
  ])
    assert.equal((await expectError(await get(open, `${json.id}/input_items${query}`), status, code)).param, param);
});

test('an id that another item has is not taken over', async () => {
  const id = unique('msg');
  const one = await responseOf(open, { input: [{ role: 'user', content: 'one', id }] });
  const two = await responseOf(open, { input: [{ role: 'user', content: 'two', id }] });
  const same = await responseOf(open, { input: [{ role: 'user', content: 'one', id }] });
  const [a, b, c] = await Promise.all([one, two, same].map(async ({ json }) => (await itemsOf(open, json.id)).data[0].id));
  assert.equal(a, id);
  assert.notEqual(b, id);
  assert.equal(c, id);
});

test('what GET is to send is told as true or false', async () => {
  const { json } = await responseOf(open, { input: unique() });
  const { param } = await expectError(await get(open, `${json.id}?stream=yes`), 400, 'invalid_value');
  assert.equal(param, 'stream');
  for (const [value, type] of [['true', /event-stream/], ['1', /event-stream/], ['false', /json/], ['0', /json/], ['', /json/]]) {
    const response = await get(open, `${json.id}?stream=${value}`);
    assert.match(response.headers.get('content-type'), type, value);
    await response.text();
  }
});

test('tenants never meet, whatever ids they know', async (t) => {
  const file = join(temporaryFolder(t), 'keys');
  const keys = ['a', 'b'].map((name) => ({ Authorization: `Bearer ${addKey(file, name)}` }));
  const nekod = await gateway(t, [...leadingTo(sim), '--api-keys', file]);
  const { json } = await responseOf(nekod, { input: unique() }, keys[0]);
  const reference = [{ type: 'item_reference', id: json.output[0].id }, { role: 'user', content: 'x' }];
  await expectError(await get(nekod, json.id, { headers: keys[1] }), 404, 'response_not_found');
  await expectError(await get(nekod, json.id, { headers: keys[1], method: 'DELETE' }), 404, 'response_not_found');
  await expectError(await get(nekod, `${json.id}/input_items`, { headers: keys[1] }), 404, 'response_not_found');
  await expectError(await respond(nekod, following(json.id, 'x'), keys[1]), 400, 'previous_response_not_found');
  await expectError(await respond(nekod, { input: reference }, keys[1]), 404, 'item_not_found');
  await jsonOf(await get(nekod, json.id, { headers: keys[0] }));
});

test('a store without texts keeps no responses, and says so', async (t) => {
  const file = join(temporaryFolder(t), 'sessions.db');
  const nekod = await gateway(t, [...leadingTo(sim), ...keeping(file), '--store-text', 'digest']);
  const { json } = await responseOf(nekod, { input: unique() });
  assert.equal(json.store, false);
  await expectError(await get(nekod, json.id), 404, 'response_not_found');
});

test('a response is cancelled only in the background', async () => {
  const { json } = await responseOf(open, { input: unique() });
  await expectError(await get(open, `${json.id}/cancel`, { method: 'POST' }), 400, 'invalid_value');
});
