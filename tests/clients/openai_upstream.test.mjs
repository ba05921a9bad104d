// The official openai package against nekod in front of an OpenAI-compatible server: tools, and a
// conversation that its user need not send again.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import OpenAI from 'openai';
import { leadingToOpenai, pair, unique } from '../e2e/support.mjs';

const { sim, nekod } = await pair({ after }, { leading: leadingToOpenai });
const openai = new OpenAI({ apiKey: 'any', baseURL: `${nekod.url}/v1`, maxRetries: 0 });
const model = 'Orange Cat';
const user = (content) => ({ role: 'user', content });
const told = async () => (await sim.completions()).at(-1).body.messages;

const look_up = {
  type: 'function',
  function: { name: 'look_up', parameters: { type: 'object', properties: { messages: { type: 'number' } } } },
};

test('runTools calls a function and goes on in one conversation', async () => {
  const seen = [];
  const tools = [
    { ...look_up, function: { ...look_up.function, parse: JSON.parse, function: (args) => (seen.push(args), 'sunny') } },
  ];
  const messages = [user(`[sim tools=1] ${unique()}`)];
  const runner = openai.chat.completions.runTools({ model, messages, tools, stream: true });
  assert.ok(await runner.finalContent());
  assert.deepEqual(seen, [{ messages: 1 }]);
  const roles = (await told()).map((message) => message.role);
  assert.deepEqual(roles, ['user', 'assistant', 'tool']);
  const { sessions } = await (await fetch(`${nekod.url}/sessions`)).json();
  assert.equal(sessions.length, 1, 'both turns are of one session');
});

test('the stream helper puts everything together', async () => {
  const stream = openai.chat.completions.stream({
    model,
    messages: [user(`[sim tokens=20 reasoning=2] ${unique()}`)],
    logprobs: true,
    stream_options: { include_usage: true },
  });
  const answer = await stream.finalChatCompletion();
  assert.equal(answer.model, model);
  assert.equal(answer.choices[0].finish_reason, 'stop');
  assert.ok(answer.choices[0].message.content);
  assert.equal((await stream.totalUsage()).prompt_tokens, 1);
});

test('a conversation goes on by its session alone', async () => {
  const first = await openai.chat.completions.create({ model, messages: [user('one')] });
  const second = user(unique());
  await openai.chat.completions.create({ model, messages: [second], session_id: first.session_id });
  const { content } = first.choices[0].message;
  assert.deepEqual(await told(), [user('one'), { role: 'assistant', content }, second]);
});

test('errors are those of the package', async () => {
  const error = { message: 'too long', type: 'invalid_request_error', code: 'context_length_exceeded' };
  const fault = { call: 'completions', kind: 'status', body: JSON.stringify({ error }) };
  const refused = async (status) => {
    await sim.fault({ ...fault, status });
    return openai.chat.completions.create({ model, messages: [user('x')] }).then(
      () => assert.fail('no error'),
      (e) => e,
    );
  };
  const long = await refused(400);
  assert.ok(long instanceof OpenAI.BadRequestError);
  assert.equal(long.code, 'context_length_exceeded');
  assert.ok((await refused(429)) instanceof OpenAI.RateLimitError);
  assert.ok((await refused(401)) instanceof OpenAI.InternalServerError, "it is not the client's key");
});
