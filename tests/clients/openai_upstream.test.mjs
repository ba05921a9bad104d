// Clients of nekod in front of an OpenAI-compatible server, with what no other upstream can do: tools, in each
// library's way; usage; the server's own errors.

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { leadingToOpenai, pair, unique } from '../e2e/support.mjs';
import { OpenAI } from './official.mjs';

const { sim, nekod } = await pair({ after }, { leading: leadingToOpenai, nekod: ['--retries', '0'] });
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

/// The conversation continued with the tool's result, in one session.
async function wentOn(response) {
  assert.deepEqual((await told()).map((message) => message.role), ['user', 'assistant', 'tool']);
  assert.equal((await told())[2].content, 'sunny');
  assert.equal(response.headers.get('x-session-match'), 'transcript');
}

for (const stream of [false, true]) {
  const how = stream ? 'streamed' : 'whole';
  let response;
  const noting = async (...request) => (response = await fetch(...request));
  const options = { apiKey: 'any', baseURL: `${nekod.url}/v1`, fetch: noting };
  const prompt = () => `[sim tools=1] ${unique()}`;

  test(`LangChain calls a tool and goes on in one conversation, ${how}`, async () => {
    const { apiKey, ...configuration } = options;
    const client = new ChatOpenAI({ model, apiKey, configuration, maxRetries: 0 }).bindTools([look_up]);
    const ask = async (messages) => {
      if (!stream) return client.invoke(messages);
      let answer;
      for await (const chunk of await client.stream(messages)) answer = answer ? answer.concat(chunk) : chunk;
      return answer;
    };
    const messages = [new HumanMessage(prompt())];
    const called = await ask(messages);
    const [{ id, name, args }] = called.tool_calls;
    assert.deepEqual([name, args], ['look_up', { messages: 1 }]);
    messages.push(called, new ToolMessage({ tool_call_id: id, content: 'sunny' }));
    assert.ok((await ask(messages)).content);
    await wentOn(response);
  });

  test(`the AI SDK calls a tool and goes on in one conversation, ${how}`, async () => {
    const seen = [];
    const inputSchema = jsonSchema(look_up.function.parameters);
    const tools = { look_up: tool({ inputSchema, execute: async (args) => (seen.push(args), 'sunny') }) };
    const client = createOpenAICompatible({ name: 'nekod', ...options })(model);
    const call = { model: client, tools, prompt: prompt(), stopWhen: stepCountIs(3), maxRetries: 0 };
    assert.ok(await (stream ? streamText(call).text : (await generateText(call)).text));
    assert.deepEqual(seen, [{ messages: 1 }]);
    await wentOn(response);
  });
}

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
