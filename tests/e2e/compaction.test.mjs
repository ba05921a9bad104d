// Compaction: a conversation as one item, which stands for all of it. Over either kind of upstream.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { respond, responseOf, textOf } from './responding.mjs';
import { leadingToAddress, scriptedServer } from './scripted.mjs';
import { addKey, expectError, gateway, leadingTo, simulator, temporaryFolder, unique } from './support.mjs';

const sim = await simulator({ after });
const upstream = await scriptedServer({ after });
const toScripted = leadingToAddress(`${upstream.origin}/v1`);
const open = await gateway({ after }, toScripted);
const stateful = await gateway({ after }, leadingTo(sim));

const compact = (to, body, headers = {}) =>
  fetch(`${to.url}/v1/responses/compact`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'M', ...body }),
  });
const compacted = async (to, body, headers) => {
  const response = await compact(to, body, headers);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
};
const told = () => upstream.requests.at(-1).body.messages.map(({ content }) => content);
const user = (text) => ({ type: 'message', role: 'user', content: text });
const inputOf = async (to, id) =>
  (await (await fetch(`${to.url}/v1/responses/${id}/input_items?order=asc&limit=100`)).json()).data;

test('a chain is compacted to one item, in whose place the upstream hears all of it', async () => {
  const texts = [unique('one'), unique('two'), unique('three')];
  const first = await responseOf(open, { input: texts[0] });
  const second = await responseOf(open, { input: texts[1], previous_response_id: first.json.id });
  const asked = upstream.requests.length;
  const compaction = await compacted(open, { previous_response_id: second.json.id });
  assert.equal(upstream.requests.length, asked);
  assert.equal(compaction.object, 'response.compaction');
  assert.equal(compaction.usage.total_tokens, 0);
  assert.equal(compaction.output.length, 1);
  const [item] = compaction.output;
  assert.match(item.id, /^cmp_/);
  assert.deepEqual(Object.keys(item), ['id', 'type', 'encrypted_content']);
  assert.ok(!item.encrypted_content.includes(texts[0]));
  const third = await responseOf(open, { input: [item, user(texts[2])] });
  assert.deepEqual(told(), [texts[0], textOf(first.json), texts[1], textOf(second.json), texts[2]]);
  // It goes on in its session, which knows the conversation.
  assert.equal(third.json.session_id, second.json.session_id);
  // Stored is the item, not what it stands for.
  assert.deepEqual((await inputOf(open, third.json.id)).map(({ type }) => type), ['compaction', 'message']);
  const last = unique('last');
  await responseOf(open, { input: last, previous_response_id: third.json.id });
  assert.deepEqual(told().slice(-3), [texts[2], textOf(third.json), last]);
  assert.equal(told()[0], texts[0]);
});

test('input is compacted without a response before it, and compactions again', async () => {
  const texts = [unique('a'), unique('b'), unique('c')];
  const history = [user(texts[0]), { type: 'message', role: 'assistant', content: texts[1] }];
  const once = await compacted(open, { input: history });
  const twice = await compacted(open, { input: [...once.output, user(texts[2])] });
  await responseOf(open, { input: [...twice.output, user('go on')] });
  assert.deepEqual(told(), [...texts, 'go on']);
});

test('a call in a compaction gets its output behind it', async () => {
  const call = { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{}' };
  const { output } = await compacted(open, { input: [user('look'), call] });
  await responseOf(open, { input: [...output, { type: 'function_call_output', call_id: 'call_1', output: 'seen' }] });
  const messages = upstream.requests.at(-1).body.messages;
  assert.deepEqual(messages.map(({ role }) => role), ['user', 'assistant', 'tool']);
  assert.equal(messages[1].tool_calls[0].id, messages[2].tool_call_id);
});

test('a stateful upstream is told what a compaction stands for', async () => {
  const text = unique('kept');
  const first = await responseOf(stateful, { input: text });
  const { output } = await compacted(stateful, { previous_response_id: first.json.id });
  const next = await responseOf(stateful, { input: [...output, user('and now?')] });
  assert.equal(next.json.session_id, first.json.session_id);
  const branch = await responseOf(stateful, { input: [...output, user('or this?')] });
  assert.notEqual(branch.json.session_id, first.json.session_id);
  assert.equal(branch.response.headers.get('x-session-match'), 'seeded');
});

test('a conversation is compacted as it is', async () => {
  const text = unique('noted');
  const made = await fetch(`${open.url}/v1/conversations`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ items: [user(text)] }),
  });
  const { id } = await made.json();
  const { output } = await compacted(open, { conversation: id });
  await responseOf(open, { input: [...output, { type: 'message', role: 'assistant', content: 'yes' }, user('more')] });
  assert.deepEqual(told(), [text, 'yes', 'more']);
});

test('a compaction joins a conversation', async () => {
  const text = unique('before');
  const { output } = await compacted(open, { input: [user(text), { type: 'message', role: 'assistant', content: 'yes' }] });
  const made = await fetch(`${open.url}/v1/conversations`, { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } });
  const { id } = await made.json();
  await responseOf(open, { input: [...output, user('now')], conversation: id });
  assert.deepEqual(told(), [text, 'yes', 'now']);
  await responseOf(open, { input: 'again', conversation: id });
  assert.deepEqual(told().slice(0, 3), [text, 'yes', 'now']);
});

test('a compaction lasts over a restart, and goes with the response that it is stored as', async () => {
  const file = join(temporaryFolder({ after }), 'store');
  const args = [...toScripted, '--store', `sqlite:${file}`];
  const text = unique('before the restart');
  const before = await gateway({ after }, args);
  const { id, output } = await compacted(before, { input: [user(text)] });
  await before.stop();
  const nekod = await gateway({ after }, args);
  const input = [...output, user('after')];
  await responseOf(nekod, { input });
  assert.ok(JSON.stringify(told()).includes(text));
  const object = await (await fetch(`${nekod.url}/v1/responses/${id}`)).json();
  assert.deepEqual(object.output, output);
  await expectError(await respond(nekod, { input: 'x', previous_response_id: id }), 400, 'previous_response_not_found');
  assert.equal((await fetch(`${nekod.url}/v1/responses/${id}`, { method: 'DELETE' })).status, 200);
  const error = await expectError(await respond(nekod, { input }), 400, 'invalid_value');
  assert.equal(error.param, 'input[0].encrypted_content');
});

test('what was not made here stands for nothing', async () => {
  const { output } = await compacted(open, { input: 'x' });
  const [{ encrypted_content: content }] = output;
  const other = content.replace(/^resp_./, (begin) => `resp_${begin.endsWith('0') ? '1' : '0'}`);
  for (const forged of ['gAAAA', '', other, `${content}0`, content.slice(0, -1)]) {
    const input = [user('a'), { type: 'compaction', encrypted_content: forged }, user('b')];
    for (const response of [await respond(open, { input }), await compact(open, { input })]) {
      const error = await expectError(response, 400, 'invalid_value');
      assert.equal(error.param, 'input[1].encrypted_content', forged);
    }
  }
});

test('a compaction is its tenant\'s', async () => {
  const file = join(temporaryFolder({ after }), 'keys');
  const mine = addKey(file, 'mine');
  const theirs = addKey(file, 'theirs');
  const nekod = await gateway({ after }, [...toScripted, '--api-keys', file]);
  const { output } = await compacted(nekod, { input: unique() }, { Authorization: `Bearer ${mine}` });
  const input = [...output, user('tell me')];
  const refused = await respond(nekod, { input }, { Authorization: `Bearer ${theirs}` });
  assert.equal(refused.status, 400);
  const heard = await respond(nekod, { input }, { Authorization: `Bearer ${mine}` });
  assert.equal(heard.status, 200);
});

test('a request to compact nothing, or what is not there, is refused', async () => {
  const missing = await expectError(await compact(open, { instructions: 'be brief' }), 400, 'missing_required_parameter');
  assert.equal(missing.param, 'input');
  const unknown = await expectError(await compact(open, { previous_response_id: 'resp_0' }), 400, 'previous_response_not_found');
  assert.equal(unknown.param, 'previous_response_id');
  const reference = [{ type: 'item_reference', id: 'msg_0' }];
  await expectError(await compact(open, { input: reference }), 404, 'item_not_found');
  const many = Array.from({ length: 65 }, (_, n) => ({ type: 'compaction', encrypted_content: `x${n}` }));
  await expectError(await compact(open, { input: many }), 400, 'invalid_value');
});
