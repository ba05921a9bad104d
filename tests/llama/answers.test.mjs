// What llama.cpp can do, through nekod: each answer equals the one that llama.cpp gives directly, whole and
// streamed.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { ask, askWell, assistant, inFrontOf, llamaServer, textOf, user } from './llama.mjs';

const llama = await llamaServer({ after });
const nekod = await inFrontOf({ after }, llama);

const schema = {
  type: 'object',
  properties: { ok: { type: 'boolean' }, word: { enum: ['cat', 'mat'] } },
  required: ['ok', 'word'],
};
const where = { type: 'object', properties: { at: { type: 'integer' } }, required: ['at'] };
const look = { name: 'look', description: 'Looks', parameters: where };
// The random model would never begin a tool call by itself: token 9 begins one, token 4 is the end.
const called = { tools: [{ type: 'function', function: look }], tool_choice: 'required', logit_bias: { 9: 45, 4: 45 } };
const thought = { grammar: 'root ::= "<think>\\nso it is\\n</think>\\n\\nyes"' };

/// Requests, and what must hold for the first choice of each answer.
const cases = {
  'an answer with an end of its own': [{}, ({ finish_reason }) => assert.equal(finish_reason, 'stop')],
  'an answer that is too long': [
    { max_tokens: 7, ignore_eos: true },
    ({ finish_reason }, { usage }) => assert.deepEqual([finish_reason, usage?.completion_tokens ?? 7], ['length', 7]),
  ],
  'stop words': [
    { stop: [' the', ' so', ' it', ' a'] },
    ({ finish_reason, message }) => {
      assert.equal(finish_reason, 'stop');
      assert.doesNotMatch(message.content ?? '', / the| so| it| a/);
    },
  ],
  'a JSON schema': [
    // Without reasoning, to which schemas do not apply.
    {
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
      chat_template_kwargs: { enable_thinking: false },
    },
    ({ message }) => assert.deepEqual(Object.keys(JSON.parse(message.content)).sort(), ['ok', 'word']),
  ],
  'a grammar of its own kind': [
    { grammar: 'root ::= "yes" | "no"' },
    ({ message }) => assert.match(message.content, /^(yes|no)$/),
  ],
  'a call of a tool': [
    called,
    ({ finish_reason, message }) => {
      assert.equal(finish_reason, 'tool_calls');
      const [call] = message.tool_calls;
      assert.equal(call.function.name, 'look');
      assert.ok(Number.isInteger(JSON.parse(call.function.arguments).at), call.function.arguments);
    },
  ],
  reasoning: [
    thought,
    ({ message }) => assert.deepEqual([message.reasoning_content.trim(), message.content], ['so it is', 'yes']),
  ],
  logprobs: [
    { logprobs: true, top_logprobs: 3, max_tokens: 8 },
    ({ logprobs }) => assert.ok(logprobs.content.every(({ top_logprobs }) => top_logprobs.length === 3)),
  ],
  'three answers': [
    { n: 3, max_tokens: 8, ignore_eos: true },
    (_, { choices }) => assert.deepEqual(choices.map(({ index }) => index), [0, 1, 2]),
  ],
};

/// The parts of an answer that are equal if a question is repeated: without ids, times, and the state of the cache.
function lasting({ id, created, session_id, timings, usage, ...answer }) {
  const { prompt_tokens_details, ...counted } = usage ?? {};
  const choices = answer.choices.map(({ message, ...choice }) => {
    const calls = message.tool_calls?.map(({ id, ...call }) => call);
    // Missing content is null, empty or absent, as in the pieces of a stream.
    return { ...choice, message: { ...message, content: message.content ?? '', ...(calls && { tool_calls: calls }) } };
  });
  return { ...answer, usage: counted, choices };
}

for (const [name, [fields, check]] of Object.entries(cases)) {
  for (const stream of [false, true]) {
    test(`${name}, ${stream ? 'streamed' : 'whole'}`, async () => {
      const options = stream ? { stream, stream_options: { include_usage: true } } : {};
      // The same seed makes the same answer. Without randomness the model would never end.
      const messages = [user(`Tell me: ${name}`)];
      const body = { model: 'tiny', messages, seed: 1, max_tokens: 1000, ...fields, ...options };
      const direct = await llama.ask(body);
      assert.equal(direct.status, 200, JSON.stringify(direct.body));
      const answer = await askWell(nekod, body);
      assert.deepEqual(lasting(answer), lasting(direct.body));
      check(answer.choices[0], answer);
    });
  }
}

test('the result of a tool is told with the call', async () => {
  const messages = [user('Look, please')];
  const first = await askWell(nekod, { messages, seed: 1, max_tokens: 1000, ...called });
  const { session_id } = first;
  const { message } = first.choices[0];
  const result = { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'a cat' };
  // nekod gets only the result, llama.cpp directly gets everything: it must read the same.
  const { tools } = called;
  const answer = await askWell(nekod, { session_id, messages: [result], tools, max_tokens: 5 });
  const direct = await llama.ask({ messages: [...messages, message, result], tools, max_tokens: 5 });
  assert.equal(answer.usage.prompt_tokens, direct.body.usage.prompt_tokens);
});

test('an answer that was begun for it stands once in the conversation', async () => {
  const begun = 'the cat sat on';
  const limits = { max_tokens: 5, ignore_eos: true, seed: 1 };
  const messages = [user('Say it'), assistant(begun)];
  const first = await askWell(nekod, { messages, ...limits });
  assert.ok(textOf(first).startsWith(begun), textOf(first));
  const next = await askWell(nekod, { session_id: first.session_id, messages: [user('And then?')], ...limits });
  const whole = [user('Say it'), assistant(textOf(first)), user('And then?')];
  const direct = await llama.ask({ messages: whole, ...limits });
  assert.equal(next.usage.prompt_tokens, direct.body.usage.prompt_tokens);
});

test('a picture that it cannot see is refused in its words, as often as it comes, and nobody else suffers', async () => {
  const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };
  const messages = [user([{ type: 'text', text: 'What is it?' }, picture])];
  for (const stream of [false, true, false, true, false, true]) {
    const { status, body } = await ask(nekod, { messages, stream });
    assert.ok(status >= 400, `${status}`);
    assert.match(body.error.message, /image input is not supported/);
  }
  await askWell(nekod, { messages: [user('Hello')] });
});

test('it was left in peace', async () => {
  await llama.idle();
});
