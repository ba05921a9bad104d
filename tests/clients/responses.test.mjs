// The official openai package with the Responses and Conversations APIs: answers whole, and streams that it
// assembles strictly; chains, conversations with their pages of items, and errors.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { pair, patience, unique } from '../e2e/support.mjs';
import { kind } from './kinds.mjs';
import { OpenAI } from './official.mjs';

const { leading, models } = kind;
const { sim, nekod } = await pair({ after }, { leading });
const openai = new OpenAI({ apiKey: 'any', baseURL: `${nekod.url}/v1`, maxRetries: 0, timeout: patience });
const [model] = models;

const user = (content) => ({ type: 'message', role: 'user', content });
const textsOf = (items) => items.map((item) => item.content.map((part) => part.text).join(''));
const collect = async (pages) => {
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
};
/// Expects an error of that class of the package, with that code and field.
const refused = (promise, type, code, param = null) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof type, `${error.constructor.name}: ${error.message}`);
    assert.deepEqual([error.code, error.param], [code, param], error.message);
    assert.ok(error.requestID, 'the package shows the request id');
    return true;
  });

test('a whole answer has its text', async () => {
  const text = unique();
  const response = await openai.responses.create({ model, input: text });
  assert.equal(response.status, 'completed');
  assert.ok(response.output_text.includes(text));
});

test('a stream is assembled to the answer that its end tells, which is the one that is kept', async () => {
  const text = unique();
  let told = '';
  const stream = openai.responses.stream({ model, input: text, metadata: { topic: 'cats' } });
  stream.on('response.output_text.delta', (event) => (told += event.delta));
  const response = await stream.finalResponse();
  assert.equal(response.status, 'completed');
  assert.equal(told, response.output_text);
  assert.ok(told.includes(text));
  const kept = await openai.responses.retrieve(response.id);
  assert.deepEqual(kept.output, response.output.map(({ parsed, ...item }) => ({
    ...item, content: item.content.map(({ parsed, ...part }) => part),
  })));
  assert.equal(kept.output_text, told);
  assert.deepEqual(kept.metadata, { topic: 'cats' });
});

test('the events of a stream can be read one by one', async () => {
  const stream = await openai.responses.create({ model, input: unique(), stream: true });
  const events = await collect(stream);
  assert.deepEqual(events.map((event) => event.sequence_number), events.map((_, number) => number));
  assert.equal(events[0].type, 'response.created');
  assert.equal(events.at(-1).type, 'response.completed');
});

test('output that is sent back goes on in the same session', async () => {
  const input = [{ role: 'user', content: unique() }];
  const first = await openai.responses.create({ model, input });
  const next = await openai.responses.create({
    model,
    input: [...input, ...first.output, { role: 'user', content: unique() }],
  });
  assert.equal(next.session_id, first.session_id);
});

test('a chain goes on, whole and streamed, and the upstream knows what was said', async () => {
  const texts = [unique('one'), unique('two'), unique('three')];
  const first = await openai.responses.create({ model, input: texts[0] });
  const second = await openai.responses
    .stream({ model, input: texts[1], previous_response_id: first.id }).finalResponse();
  const third = await openai.responses.create({ model, input: texts[2], previous_response_id: second.id });
  assert.equal(third.session_id, first.session_id);
  const heard = (await kind.heard(sim, texts[2])).map((text) => texts.find((each) => text.includes(each)));
  assert.deepEqual(heard, texts);
  const items = await collect(openai.responses.inputItems.list(third.id, { order: 'asc', limit: 2 }));
  assert.deepEqual(textsOf(items), [texts[0], first.output_text, texts[1], second.output_text, texts[2]]);
});

test('a chain branches from an older response', async () => {
  const [root, left, right] = [unique('root'), unique('left'), unique('right')];
  const first = await openai.responses.create({ model, input: root });
  await openai.responses.create({ model, input: left, previous_response_id: first.id });
  await openai.responses.create({ model, input: right, previous_response_id: first.id });
  const heard = (await kind.heard(sim, right)).join('\n');
  assert.ok(heard.includes(root) && !heard.includes(left), heard);
});

test('a deleted response is gone', async () => {
  const { id } = await openai.responses.create({ model, input: unique() });
  await openai.responses.delete(id);
  await refused(openai.responses.retrieve(id), OpenAI.NotFoundError, 'response_not_found');
  await refused(openai.responses.inputItems.list(id), OpenAI.NotFoundError, 'response_not_found');
  await refused(openai.responses.create({ model, input: 'x', previous_response_id: id }), OpenAI.BadRequestError,
    'previous_response_not_found', 'previous_response_id');
});

test('with store: false nothing is kept', async () => {
  const { id, store, output } = await openai.responses.create({ model, input: unique(), store: false });
  assert.equal(store, false);
  await refused(openai.responses.retrieve(id), OpenAI.NotFoundError, 'response_not_found');
  const input = [{ type: 'item_reference', id: output[0].id }, user('x')];
  await refused(openai.responses.create({ model, input }), OpenAI.NotFoundError, 'item_not_found', 'input');
});

test('bad requests are errors that the package knows, and it repeats none of them', async () => {
  let sent = 0;
  const patient = openai.withOptions({ maxRetries: 2, fetch: (...request) => (++sent, fetch(...request)) });
  const bad = (fields, code, param, type = OpenAI.BadRequestError) =>
    refused(patient.responses.create({ model, input: 'x', ...fields }), type, code, param);
  await bad({ previous_response_id: 'resp_0' }, 'previous_response_not_found', 'previous_response_id');
  await bad({ conversation: 'conv_0' }, 'conversation_not_found', 'conversation', OpenAI.NotFoundError);
  await bad({ conversation: 'conv_0', previous_response_id: 'resp_0' }, 'invalid_value', 'conversation');
  await bad({ input: [{ type: 'function_call', name: 'f', arguments: '{}' }] }, 'missing_required_parameter',
    'input[0].call_id');
  assert.equal(sent, 4);
});

test('a conversation is made, shown, noted and deleted', async () => {
  const made = await openai.conversations.create({ metadata: { topic: 'cats' } });
  assert.deepEqual(await openai.conversations.retrieve(made.id), made);
  const noted = await openai.conversations.update(made.id, { metadata: { topic: 'dogs' } });
  assert.deepEqual(noted, { ...made, metadata: { topic: 'dogs' } });
  const deleted = await openai.conversations.delete(made.id);
  assert.deepEqual(deleted, { id: made.id, object: 'conversation.deleted', deleted: true });
  await refused(openai.conversations.retrieve(made.id), OpenAI.NotFoundError, 'conversation_not_found');
});

test('items of a conversation are added, listed by pages, shown and deleted', async () => {
  const { id } = await openai.conversations.create({ items: [user('text 0')] });
  const added = await openai.conversations.items.create(id, { items: [1, 2, 3, 4].map((n) => user(`text ${n}`)) });
  assert.equal(added.data.length, 4);
  const items = await collect(openai.conversations.items.list(id, { order: 'asc', limit: 2 }));
  assert.deepEqual(textsOf(items), [0, 1, 2, 3, 4].map((n) => `text ${n}`));
  const newest = await collect(openai.conversations.items.list(id, { limit: 3 }));
  assert.deepEqual(newest, [...items].reverse());
  const [, second] = items;
  assert.deepEqual(await openai.conversations.items.retrieve(second.id, { conversation_id: id }), second);
  assert.equal((await openai.conversations.items.delete(second.id, { conversation_id: id })).id, id);
  await refused(openai.conversations.items.retrieve(second.id, { conversation_id: id }), OpenAI.NotFoundError,
    'item_not_found');
  const left = await collect(openai.conversations.items.list(id, { order: 'asc' }));
  assert.deepEqual(left, items.filter((item) => item !== second));
});

test('turns of a conversation are its items, with the ids that were told', async () => {
  const before = unique('before');
  const { id } = await openai.conversations.create({ items: [user(before)] });
  const [one, two] = [unique('one'), unique('two')];
  const first = await openai.responses.create({ model, input: one, conversation: id });
  assert.deepEqual(first.conversation, { id });
  const second = await openai.responses.stream({ model, input: two, conversation: { id } }).finalResponse();
  const items = await collect(openai.conversations.items.list(id, { order: 'asc' }));
  assert.deepEqual(textsOf(items), [before, one, first.output_text, two, second.output_text]);
  assert.deepEqual([items[2].id, items[4].id], [first.output[0].id, second.output[0].id]);
  const heard = (await kind.heard(sim, two)).join('\n');
  assert.ok(heard.includes(before) && heard.includes(one), heard);
});
