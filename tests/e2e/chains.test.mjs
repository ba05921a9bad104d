// Long chains of responses: whatever a turn leaves out because its session knows it, the upstream hears the chain and
// nothing else.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { Chance, seed } from './chance.mjs';
import { respond, responseOf } from './responding.mjs';
import { answer, failure, leadingToAddress, reply, scriptedServer } from './scripted.mjs';
import { expectError, gateway, temporaryFolder, unique } from './support.mjs';

const upstream = await scriptedServer({ after });
const leading = leadingToAddress(`${upstream.origin}/v1`);
const told = () => upstream.chats().at(-1).body.messages;
const saying = (message, finish_reason = 'stop') =>
  (upstream.say = (_, response) =>
    reply(response, 200, { ...answer(''), choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }] }));
const match = ({ response }) => response.headers.get('x-session-match');
const tools = [{ type: 'function', name: 'f', parameters: { type: 'object' } }];

test('an upstream hears each chain whole, whichever way its turns take', async (t) => {
  t.diagnostic(`NEKOD_SEED=${seed}`);
  const chance = new Chance();
  const file = join(temporaryFolder(t), 'nekod.db');
  const start = () => gateway(t, [...leading, '--store', `sqlite:${file}`]);
  let nekod = await start();
  // What has been said, and the id, of every response.
  const chains = [];
  const turn = async (before) => {
    const said = [...(before?.said ?? [])];
    const open = said.at(-1)?.tool_calls?.[0];
    const text = unique();
    const input = open ? [{ type: 'function_call_output', call_id: open.id, output: text }] : text;
    said.push(open ? { role: 'tool', tool_call_id: open.id, content: text } : { role: 'user', content: text });
    const instructions = chance.of([undefined, undefined, 'be kind', 'be brief']);
    const id = unique('call');
    const spoken = chance.one(0.3)
      ? { content: null, tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: '{}' } }] }
      : { content: unique('answer') };
    saying(spoken);
    const answered = await responseOf(nekod, { previous_response_id: before?.id ?? null, input, instructions, tools });
    const prompt = instructions ? [{ role: 'system', content: instructions }] : [];
    assert.deepEqual(told(), [...prompt, ...said]);
    chains.push({ id: answered.json.id, said: [...said, { role: 'assistant', ...spoken }] });
    return answered;
  };
  await turn();
  for (let n = 0; n < 60; n += 1) {
    if (chance.one(0.05)) {
      nekod.kill('SIGKILL');
      await nekod.ended();
      nekod = await start();
    } else if (chance.one(0.05)) {
      upstream.say = (_, response) => reply(response, 400, failure('no'));
      await respond(nekod, { previous_response_id: chains.at(-1).id, input: unique() });
    }
    await turn(chance.one(0.8) ? chains.at(-1) : chance.of(chains));
  }
});

test('a conversation is told whole, whichever way its turns take', async (t) => {
  t.diagnostic(`NEKOD_SEED=${seed}`);
  const chance = new Chance();
  const nekod = await gateway(t, leading);
  const post = async (path, body) => (await fetch(`${nekod.url}/v1/conversations${path}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  })).json();
  const { id } = await post('', {});
  const said = [];
  let prompt;
  for (let n = 0; n < 40; n += 1) {
    if (chance.one(0.1)) {
      const content = unique('added');
      await post(`/${id}/items`, { items: [{ role: 'user', content }] });
      said.push({ role: 'user', content });
    }
    const text = unique();
    const spoken = { content: unique('answer') };
    saying(spoken);
    const instructions = chance.of([undefined, undefined, 'be kind', 'be brief']);
    prompt = instructions ?? prompt;
    await responseOf(nekod, { conversation: id, input: text, instructions, store: chance.one(0.8) });
    said.push({ role: 'user', content: text });
    assert.deepEqual(told(), [...(prompt ? [{ role: 'system', content: prompt }] : []), ...said]);
    said.push({ role: 'assistant', ...spoken });
  }
});

test('what an answer told in a chat between two responses is not in the chain', async (t) => {
  const nekod = await gateway(t, leading);
  saying({ content: 'first' });
  const first = await responseOf(nekod, { input: 'one' });
  const chat = { session_id: first.json.session_id, messages: [{ role: 'user', content: 'aside' }] };
  await fetch(`${nekod.url}/v1/chat/completions`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(chat),
  });
  const second = await responseOf(nekod, { previous_response_id: first.json.id, input: 'two' });
  assert.equal(match(second), 'seeded');
  assert.deepEqual(told().map(({ content }) => content), ['one', 'first', 'two']);
});

test('a chain leaves out nothing of what a named session said before it', async (t) => {
  const nekod = await gateway(t, leading);
  saying({ content: 'ok' });
  const named = { 'X-Nekod-Session': unique('s') };
  await responseOf(nekod, { input: 'before' }, named);
  const first = await responseOf(nekod, { input: 'one' }, named);
  const heard = [];
  for (const again of [1, 2]) {
    await responseOf(nekod, { previous_response_id: first.json.id, input: `two ${again}` });
    heard.push(told().map(({ content }) => content).slice(0, -1));
  }
  assert.deepEqual(heard[0], heard[1], 'the newest response and an older one are followed alike');
});

test('with truncation the oldest turns are left out until the upstream takes the rest, and stay in the chain', async (t) => {
  const nekod = await gateway(t, leading);
  saying({ content: 'ok' });
  let last = (await responseOf(nekod, { input: 'turn 1', instructions: 'be kind' })).json;
  for (const n of [2, 3, 4, 5, 6])
    last = (await responseOf(nekod, { previous_response_id: last.id, input: `turn ${n}`, instructions: 'be kind' })).json;
  const longest = 6;
  upstream.say = ({ body }, response) =>
    body.messages.length > longest
      ? reply(response, 400, failure('too long', { code: 'context_length_exceeded' }))
      : reply(response, 200, answer('short'));
  const body = { previous_response_id: last.id, input: 'turn 7', instructions: 'be kind' };
  for (const truncation of [undefined, 'disabled', null]) {
    const before = upstream.chats().length;
    await expectError(await respond(nekod, { ...body, truncation }), 400, 'context_length_exceeded');
    assert.equal(upstream.chats().length, before + 1, 'nothing is left out silently');
  }
  const { json } = await responseOf(nekod, { ...body, truncation: 'auto' });
  assert.equal(json.truncation, 'auto');
  assert.deepEqual(told().map(({ content }) => content), ['be kind', 'turn 5', 'ok', 'turn 6', 'ok', 'turn 7']);
  saying({ content: 'all' });
  await responseOf(nekod, { previous_response_id: json.id, input: 'turn 8', instructions: 'be kind' });
  assert.equal(told().length, 1 + 7 * 2 + 1, 'the chain still has what one turn left out');
  upstream.say = (_, response) => reply(response, 400, failure('too long', { code: 'context_length_exceeded' }));
  const before = upstream.chats().length;
  const events = await respond(nekod, { ...body, truncation: 'auto', stream: true });
  await expectError(events, 400, 'context_length_exceeded');
  assert.ok(upstream.chats().length - before <= 4, 'it is not asked for ever');
});
