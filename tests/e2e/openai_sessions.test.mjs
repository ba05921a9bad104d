// An upstream that remembers nothing: what it is told of a conversation in each turn.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import {
  addKey,
  expectError,
  gateway,
  leadingToOpenai,
  pair,
  temporaryFolder,
  unique,
  until,
} from './support.mjs';

const { sim, nekod } = await pair({ after }, { leading: leadingToOpenai });

const user = (content) => ({ role: 'user', content });
const system = (content) => ({ role: 'system', content });
const assistant = (content) => ({ role: 'assistant', content });

/// Sends *messages*, whole or streamed, and returns the answer and what the upstream was told.
async function turn(gate, messages, { stream = false, headers = {}, ...fields } = {}) {
  const response = await gate.post({ messages, stream, ...fields }, { headers });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const told = (await sim.completions()).at(-1).body.messages;
  const match = response.headers.get('x-session-match');
  const session = response.headers.get('x-session-id');
  if (!stream) {
    const { refusal, ...said } = JSON.parse(text).choices[0].message;
    assert.equal(refusal, null);
    return { told, match, session, said };
  }
  assert.match(text, /data: \[DONE\]/);
  const deltas = [...text.matchAll(/^data: (\{.*)$/gm)].map((line) => JSON.parse(line[1]).choices[0]?.delta);
  return { told, match, session, said: assistant(deltas.map((delta) => delta?.content ?? '').join('')) };
}

for (const stream of [false, true]) {
  const how = stream ? 'streamed' : 'whole';
  test(`new messages are added to what was said before, ${how}`, async () => {
    const session_id = unique('session');
    const [one, two, three] = [user(unique()), user(unique()), user(unique())];
    const first = await turn(nekod, [system('be kind'), one], { session_id, stream });
    assert.deepEqual(first.told, [system('be kind'), one]);
    assert.equal(first.match, 'explicit');
    const second = await turn(nekod, [two], { session_id, stream });
    const sofar = [system('be kind'), one, assistant(first.said.content), two];
    assert.deepEqual(second.told, sofar);
    // The whole conversation again, or its end: nothing is doubled.
    const all = [...sofar, assistant(second.said.content)];
    assert.deepEqual((await turn(nekod, [...all, three], { session_id, stream })).told, [...all, three]);
  });

  test(`a conversation is recognised by what its client tells, ${how}`, async () => {
    const [one, two] = [user(unique()), user(unique())];
    const first = await turn(nekod, [one], { stream });
    const second = await turn(nekod, [one, assistant(first.said.content), two], { stream });
    assert.equal(second.match, 'transcript');
    assert.equal(second.session, first.session);
    assert.deepEqual(second.told, [one, assistant(first.said.content), two]);
    const edited = await turn(nekod, [one, assistant('no such answer'), two], { stream });
    assert.equal(edited.match, 'seeded');
    assert.notEqual(edited.session, first.session);
  });
}

test('an edited history takes the place of what was said', async () => {
  const session_id = unique('session');
  const [one, two, three] = [user(unique()), user(unique()), user(unique())];
  const first = await turn(nekod, [one], { session_id });
  await turn(nekod, [two], { session_id });
  const edited = [one, assistant(first.said.content), three];
  const second = await turn(nekod, edited, { session_id });
  assert.deepEqual(second.told, edited);
  const last = user(unique());
  const third = await turn(nekod, [last], { session_id });
  assert.deepEqual(third.told, [...edited, assistant(second.said.content), last]);
});

test('calls of tools and what they answer are part of a conversation', async () => {
  const ask = user(`[sim tools=1 reasoning=2] ${unique()}`);
  const first = await turn(nekod, [ask]);
  const { reasoning_content, ...called } = first.said;
  assert.ok(reasoning_content && called.tool_calls.length === 1);
  const result = { role: 'tool', tool_call_id: called.tool_calls[0].id, content: 'sunny' };
  const second = await turn(nekod, [ask, first.said, result]);
  assert.equal(second.match, 'transcript');
  // With a session name the result alone is enough: the call is sent again whole, with its reasoning.
  const third = await turn(nekod, [ask], { session_id: unique('session') });
  const named = { role: 'tool', tool_call_id: third.said.tool_calls[0].id, content: 'rainy' };
  const fourth = await turn(nekod, [named], { session_id: third.session });
  assert.ok(third.said.reasoning_content);
  assert.deepEqual(fourth.told, [ask, third.said, named]);
  // A different call makes it a different conversation.
  const other = structuredClone(called);
  other.tool_calls[0].function.arguments = '{"messages":2}';
  assert.equal((await turn(nekod, [ask, other, result])).match, 'seeded');
});

test('streamed calls of tools are put together for the next turn', async () => {
  const session_id = unique('session');
  const ask = user(`[sim tools=2] ${unique()}`);
  await turn(nekod, [ask], { session_id, stream: true });
  const result = { role: 'tool', tool_call_id: 'x', content: 'sunny' };
  const { told } = await turn(nekod, [result], { session_id });
  assert.equal(told[1].role, 'assistant');
  assert.equal(told[1].content, null);
  const args = told[1].tool_calls.map((call) => [call.type, call.function.name, call.function.arguments]);
  assert.deepEqual(args, Array(2).fill(['function', 'look_up', '{"messages":1}']));
});

test('messages pass as they were written, also when they are told again', async () => {
  const session_id = unique('session');
  const odd = { name: 'Tom', role: 'user', content: [{ type: 'text', text: 'x', cache_control: { a: 1 } }], id: 7 };
  await turn(nekod, [odd], { session_id });
  const { told } = await turn(nekod, [user('y')], { session_id });
  assert.equal(JSON.stringify(told[0]), JSON.stringify(odd));
});

test('a conversation past its limits is refused, and nothing of it is dropped', async (t) => {
  const small = await gateway(t, [
    ...leadingToOpenai(sim),
    ...['--transcript-messages', '4', '--transcript-size', '4000', '--language', 'en'],
  ]);
  const session_id = unique('session');
  const one = user(unique());
  const first = await turn(small, [one], { session_id });
  const said = [one, assistant(first.said.content)];
  const refuse = async (messages, fields) => {
    const response = await small.post({ messages, ...fields });
    const error = await expectError(response, 413, 'conversation_too_large', 'invalid_request_error');
    assert.equal(response.headers.get('x-should-retry'), 'false');
    return error;
  };
  assert.match((await refuse([user('a'), user('b'), user('c')], { session_id })).message, /4 messages/);
  assert.match((await refuse([user('x'.repeat(4000))], { session_id, stream: true })).message, /4000 bytes/);
  await refuse([...said, user('a'), user('b'), user('c')]);
  const two = user(unique());
  assert.deepEqual((await turn(small, [two], { session_id })).told, [...said, two]);
});

for (const signal of ['SIGTERM', 'SIGKILL']) {
  test(`a conversation goes on after ${signal}, and none is lost or doubled`, async (t) => {
    const file = join(temporaryFolder(t), 'sessions.db');
    const args = [...leadingToOpenai(sim), '--store', `sqlite:${file}`];
    const session_id = unique('session');
    const sofar = [];
    const call = user(`[sim tools=1] ${unique()}`);
    for (let i = 0; i < 3; ++i) {
      const gate = await gateway(t, args);
      const next = i === 1 ? call : user(unique());
      const { told, said } = await turn(gate, [next], { session_id, stream: i === 2 });
      sofar.push(next);
      assert.deepEqual(told, sofar);
      sofar.push(said);
      gate.kill(signal);
      await gate.ended();
    }
    const gate = await gateway(t, args);
    const next = user(unique());
    const again = await turn(gate, [...sofar, next]);
    assert.equal(again.match, 'transcript', 'found by what it tells');
    assert.equal(again.session, session_id);
    assert.deepEqual(again.told, [...sofar, next]);
  });
}

test('a session leaves memory, and is told whole again', async (t) => {
  const gate = await gateway(t, [...leadingToOpenai(sim), '--session-idle', '1']);
  const session_id = unique('session');
  const one = user(unique());
  const first = await turn(gate, [one], { session_id });
  await until(async () => (await gate.total('nekod_sessions')) === 0, 'it stays in memory');
  const two = user(unique());
  const { told } = await turn(gate, [two], { session_id });
  assert.deepEqual(told, [one, assistant(first.said.content), two]);
});

test('what one tenant said no other is told', async (t) => {
  const file = join(temporaryFolder(t), 'keys');
  const [tom, ann] = [addKey(file, 'tom'), addKey(file, 'ann')];
  const gate = await gateway(t, [...leadingToOpenai(sim), '--api-keys', file]);
  const as = (key) => ({ headers: { Authorization: `Bearer ${key}` } });
  const session_id = unique('session');
  const one = user(unique());
  const first = await turn(gate, [one], { session_id, ...as(tom) });
  assert.deepEqual((await turn(gate, [user('x')], { session_id, ...as(ann) })).told, [user('x')]);
  const history = [one, assistant(first.said.content), user(unique())];
  assert.equal((await turn(gate, history, as(ann))).match, 'seeded');
  assert.equal((await turn(gate, history, as(tom))).match, 'transcript');
});

test('a deleted conversation is forgotten', async () => {
  const session_id = unique('session');
  await turn(nekod, [user(unique())], { session_id });
  assert.equal((await fetch(`${nekod.url}/sessions/${session_id}`, { method: 'DELETE' })).status, 200);
  const next = user(unique());
  assert.deepEqual((await turn(nekod, [next], { session_id })).told, [next]);
});
