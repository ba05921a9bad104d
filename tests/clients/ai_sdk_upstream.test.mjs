// The AI SDK's provider for OpenAI by its default, the Responses API, with nekod in front of a server with the chat
// API: turns with tools and objects, however much of a conversation the provider leaves to the server's memory.

import { createOpenAI } from '@ai-sdk/openai';
import { generateText, jsonSchema, Output, stepCountIs, streamText, tool } from 'ai-7';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { gateway, temporaryFolder } from '../e2e/support.mjs';
import { leadingToModel, scriptedModel } from './model.mjs';

globalThis.AI_SDK_LOG_WARNINGS = false;

/// A model that reasons, and looks at the weather before it answers; for an object it needs no tool.
const upstream = await scriptedModel({ after }, ({ messages, tools, response_format }) => {
  const asked = messages.findLast(({ role }) => role === 'user').content;
  if (response_format) return { text: JSON.stringify({ question: asked, kind: response_format.type }) };
  if (tools && messages.at(-1).role === 'user')
    return { reasoning: `To answer ${asked}.`, text: 'I look.', calls: [{ name: 'weather', args: { city: asked } }] };
  return { reasoning: `So much for ${asked}.`, text: `answer to ${asked}` };
});
const nekod = await gateway({ after }, leadingToModel(upstream));

/// A client: a model of the provider, and the requests it sends with their answers. *url* tells where nekod is.
function client(url = () => nekod.url) {
  const sent = [];
  const noting = async (address, options) => {
    const response = await fetch(url() + new URL(address).pathname, options);
    sent.push({ body: JSON.parse(options.body), status: response.status, head: response.headers });
    return response;
  };
  return { model: createOpenAI({ apiKey: 'any', baseURL: 'http://nekod/v1', fetch: noting })('m'), sent };
}

/// Both ways to get an answer.
const ways = {
  whole: (call) => generateText(call),
  streamed: async (call) => {
    const result = streamText({ ...call, onError: () => {} });
    const names = ['text', 'finishReason', 'response', 'output', 'reasoningText', 'responseMessages', 'providerMetadata'];
    const values = await Promise.all(names.map((name) => result[name]));
    return Object.fromEntries(names.map((name, i) => [name, values[i]]));
  },
};

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const weather = (execute) => ({ weather: tool({ inputSchema: jsonSchema(parameters), execute }) });

/// What the upstream is to hear of that many turns with a tool, up to the last answer.
const heard = (turns) =>
  Array.from({ length: turns }, (_, turn) => {
    const asked = `question ${turn + 1}`;
    const call = { name: 'weather', arguments: JSON.stringify({ city: asked }) };
    return [
      { role: 'user', content: asked },
      { role: 'assistant', content: 'I look.', reasoning_content: `To answer ${asked}.`, tool_calls: [call] },
      { role: 'tool', content: `sunny in ${asked}` },
      { role: 'assistant', content: `answer to ${asked}`, reasoning_content: `So much for ${asked}.` },
    ];
  }).flat().slice(0, -1);

/// The messages that the upstream was told, with calls reduced to what they call, after checking their ids.
const told = () =>
  upstream.told().map(({ tool_calls, tool_call_id, ...message }, i, all) => {
    if (tool_call_id) assert.equal(tool_call_id, all[i - 1].tool_calls[0].id);
    return tool_calls ? { ...message, tool_calls: tool_calls.map((call) => call.function) } : message;
  });

/// Holds a conversation of that many turns with a tool, and returns its messages.
async function converse(ask, { model, turns, options = {}, execute = ({ city }) => `sunny in ${city}`, next }) {
  const messages = [];
  const tools = weather(execute);
  for (let turn = 1; turn <= turns; ++turn) {
    await next?.(turn);
    messages.push({ role: 'user', content: `question ${turn}` });
    const call = { model, tools, messages, stopWhen: stepCountIs(3), maxRetries: 0 };
    const result = await ask({ ...call, providerOptions: { openai: { forceReasoning: true, ...options } } });
    assert.equal(result.text, `answer to question ${turn}`);
    assert.equal(result.finishReason, 'stop');
    messages.push(...result.responseMessages);
  }
  return messages;
}

const sessions = (sent) => new Set(sent.map(({ head }) => head.get('x-session-id')));
const types = ({ body }) => new Set(body.input.map(({ type }) => type ?? 'message'));

for (const [how, ask] of Object.entries(ways)) {
  test(`turns with a tool are one conversation, its items referred to, ${how}`, async () => {
    const { model, sent } = client();
    await converse(ask, { model, turns: 3, options: { reasoningSummary: 'auto' } });
    assert.equal(sent.length, 6);
    assert.ok(types(sent.at(-1)).has('item_reference'), 'the provider leaves them to nekod');
    assert.equal(sessions(sent).size, 1);
    assert.deepEqual(told(), heard(3));
  });

  test(`turns with a tool are one conversation with store: false, ${how}`, async () => {
    const { model, sent } = client();
    await converse(ask, { model, turns: 3, options: { store: false } });
    assert.ok(!types(sent.at(-1)).has('item_reference'));
    assert.equal(sessions(sent).size, 1);
    assert.deepEqual(told(), heard(3), 'the provider brings reasoning back as it got it');
  });

  test(`turns of a conversation send only the newest message, ${how}`, async () => {
    const { id } = await (await fetch(`${nekod.url}/v1/conversations`, { method: 'POST' })).json();
    const { model, sent } = client();
    for (const prompt of ['one', 'two', 'three'])
      await ask({ model, prompt, maxRetries: 0, providerOptions: { openai: { conversation: id } } });
    assert.equal(sessions(sent).size, 1);
    assert.deepEqual(sent.map(({ body }) => body.input.length), [1, 1, 1]);
    assert.deepEqual(told().map(({ content }) => content), ['one', 'answer to one', 'two', 'answer to two', 'three']);
    const { data } = await (await fetch(`${nekod.url}/v1/conversations/${id}/items?order=asc`)).json();
    assert.deepEqual(data.map(({ type }) => type).slice(0, 4), ['message', 'reasoning', 'message', 'message']);
  });

  test(`a chain of responses goes on with only the newest message, ${how}`, async () => {
    const { model, sent } = client();
    const call = { model, maxRetries: 0 };
    const first = await ask({ ...call, prompt: 'one' });
    const previousResponseId = first.providerMetadata.openai.responseId;
    const second = await ask({ ...call, prompt: 'two', providerOptions: { openai: { previousResponseId } } });
    assert.equal(second.text, 'answer to two');
    assert.equal(sessions(sent).size, 1);
    assert.deepEqual(told().map(({ content }) => content), ['one', 'answer to one', 'two']);
  });

  test(`an object is made by its schema, ${how}`, async () => {
    const { model } = client();
    const schema = jsonSchema({
      type: 'object', properties: { question: { type: 'string' }, kind: { type: 'string' } },
      required: ['question', 'kind'], additionalProperties: false,
    });
    const { output } = await ask({ model, prompt: 'one', maxRetries: 0, output: Output.object({ schema }) });
    assert.deepEqual(output, { question: 'one', kind: 'json_schema' });
  });

  test(`reasoning is shown, ${how}`, async () => {
    const { model } = client();
    const providerOptions = { openai: { forceReasoning: true, reasoningEffort: 'low', reasoningSummary: 'auto' } };
    const { reasoningText } = await ask({ model, prompt: 'one', maxRetries: 0, providerOptions });
    assert.equal(reasoningText, 'So much for one.');
  });

  test(`ten turns with a tool go on through kill -9 of nekod, ${how}`, async (t) => {
    const leading = leadingToModel(upstream, `sqlite:${join(temporaryFolder(t), 'sessions.db')}`);
    let killed = await gateway(t, leading);
    const again = async () => {
      killed.kill('SIGKILL');
      await killed.ended();
      killed = await gateway(t, leading);
    };
    const { model, sent } = client(() => killed.url);
    await converse(ask, {
      model, turns: 10,
      next: async (turn) => turn % 3 === 0 && again(),
      // Also between a call and its result.
      execute: async ({ city }) => {
        if (city === 'question 5') await again();
        return `sunny in ${city}`;
      },
    });
    assert.equal(sent.length, 20);
    assert.equal(sessions(sent).size, 1);
    assert.deepEqual(told(), heard(10));
  });
}
