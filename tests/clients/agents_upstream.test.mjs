// OpenAI's Agents SDK by its default, the Responses API, with nekod in front of a server with the chat API: tools,
// handoffs, structured output, and conversations that the server keeps.

import { Agent, OpenAIConversationsSession, OpenAIProvider, Runner, tool } from '@openai/agents';
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { OpenAI } from 'openai-7';
import { z } from 'zod';
import { beforeModel } from './model.mjs';

/// What the model does next, given the body of a request.
let think;
const { upstream, nekod } = await beforeModel({ after }, (body) => think(body));
const sent = [];
const noting = async (address, options) => {
  const response = await fetch(address, options);
  if (String(address).endsWith('/responses')) sent.push({ body: JSON.parse(options.body), response });
  return response;
};
const openai = new OpenAI({ apiKey: 'any', baseURL: `${nekod.url}/v1`, fetch: noting, maxRetries: 0 });
const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient: openai }), tracingDisabled: true });

const last = ({ messages }) => messages.at(-1);
const sessions = (since) => new Set(sent.slice(since).map(({ response }) => response.headers.get('x-session-id')));
const roles = (messages) => messages.map(({ role }) => role);

/// Runs an agent to its end.
async function run(agent, input, { stream, ...options }) {
  const result = await runner.run(agent, input, { stream, ...options });
  if (stream) await result.completed;
  return result;
}

for (const stream of [false, true]) {
  const how = stream ? 'streamed' : 'whole';

  test(`an agent calls tools, two at once, and answers, ${how}`, async () => {
    const since = sent.length;
    const cities = [];
    const weather = tool({
      name: 'weather', description: 'The weather.', parameters: z.object({ city: z.string() }),
      execute: async ({ city }) => (cities.push(city), `sunny in ${city}`),
    });
    think = (body) =>
      last(body).role === 'tool'
        ? { text: 'Both are sunny.' }
        : { text: 'I look.', calls: ['Oslo', 'Bonn'].map((city) => ({ name: 'weather', args: { city } })) };
    const agent = new Agent({ name: 'weatherman', instructions: 'Be brief.', model: 'm', tools: [weather] });
    const { finalOutput } = await run(agent, 'Oslo and Bonn?', { stream });
    assert.equal(finalOutput, 'Both are sunny.');
    assert.deepEqual(cities.sort(), ['Bonn', 'Oslo']);
    assert.equal(sessions(since).size, 1);
    const messages = upstream.told();
    assert.deepEqual(roles(messages), ['system', 'user', 'assistant', 'tool', 'tool']);
    assert.equal(messages[0].content, 'Be brief.');
    assert.deepEqual(messages.slice(3).map(({ content }) => content), ['sunny in Oslo', 'sunny in Bonn']);
    assert.equal(upstream.bodies().at(-1).tools[0].function.strict, true);
  });

  test(`an agent hands off to another one, ${how}`, async () => {
    const since = sent.length;
    const [spanish, english] = ['Spanish', 'English'].map((name) => new Agent({ name, instructions: `Speak ${name}.`, model: 'm' }));
    const triage = Agent.create({ name: 'Triage', instructions: 'Choose.', model: 'm', handoffs: [spanish, english] });
    think = ({ messages }) =>
      messages[0].content.includes('Choose.') ? { calls: [{ name: 'transfer_to_Spanish', args: {} }] } : { text: 'Hola.' };
    const { finalOutput, lastAgent } = await run(triage, 'Hola?', { stream });
    assert.equal(finalOutput, 'Hola.');
    assert.equal(lastAgent.name, 'Spanish');
    const messages = upstream.told();
    assert.deepEqual(roles(messages), ['system', 'user', 'assistant', 'tool']);
    assert.ok(messages[0].content.includes('Speak Spanish.') && !messages[0].content.includes('Choose.'));
    assert.equal(sent.length - since, 2);
  });

  test(`a session of conversations keeps turns with tools and reasoning, ${how}`, async () => {
    const since = sent.length;
    const note = tool({ name: 'note', description: 'Notes.', parameters: z.object({ text: z.string() }), execute: async ({ text }) => `noted ${text}` });
    const agent = new Agent({ name: 'clerk', model: 'm', tools: [note] });
    think = (body) =>
      last(body).role === 'tool'
        ? { text: `done: ${last(body).content}` }
        : { reasoning: 'A note is due.', calls: [{ name: 'note', args: { text: last(body).content } }] };
    const session = new OpenAIConversationsSession({ client: openai });
    for (const text of ['one', 'two'])
      assert.equal((await run(agent, text, { stream, session })).finalOutput, `done: noted ${text}`);
    const turn = ['user', 'assistant', 'tool'];
    const messages = upstream.told();
    assert.deepEqual(roles(messages), [...turn, 'assistant', ...turn]);
    assert.deepEqual(messages.filter(({ role }) => role === 'tool').map(({ content }) => content), ['noted one', 'noted two']);
    assert.equal(sessions(since).size, 1);
    const items = await session.getItems();
    const ofTurn = ['message', 'reasoning', 'function_call', 'function_call_result', 'message'];
    assert.deepEqual(items.map(({ type }) => type), [...ofTurn, ...ofTurn]);
    const popped = await session.popItem();
    assert.equal(popped.content[0].text, 'done: noted two');
    assert.equal((await session.getItems()).length, 9);
    await session.clearSession();
  });

  test(`a conversation of the server gets only what is new, with tools, ${how}`, async () => {
    const since = sent.length;
    const note = tool({ name: 'note', description: 'Notes.', parameters: z.object({ text: z.string() }), execute: async ({ text }) => `noted ${text}` });
    const agent = new Agent({ name: 'clerk', model: 'm', tools: [note] });
    think = (body) =>
      last(body).role === 'tool' ? { text: 'done' } : { calls: [{ name: 'note', args: { text: last(body).content } }] };
    const { id } = await openai.conversations.create();
    for (const text of ['one', 'two']) await run(agent, text, { stream, conversationId: id });
    assert.deepEqual(sent.slice(since).map(({ body }) => body.input.length), [1, 1, 1, 1]);
    const turn = ['user', 'assistant', 'tool'];
    assert.deepEqual(roles(upstream.told()), [...turn, 'assistant', ...turn]);
    assert.equal(sessions(since).size, 1);
  });

  test(`an answer has the form that the agent demands, ${how}`, async () => {
    think = ({ response_format }) => ({ text: JSON.stringify({ city: 'Oslo', form: response_format.type }) });
    const agent = new Agent({ name: 'former', model: 'm', outputType: z.object({ city: z.string(), form: z.string() }) });
    const { finalOutput } = await run(agent, 'Where?', { stream });
    assert.deepEqual(finalOutput, { city: 'Oslo', form: 'json_schema' });
  });
}

test('an answer that its upstream cuts is an error of the run', async () => {
  think = () => ({ text: 'a long text that is never told to its end', cut: 4 });
  const agent = new Agent({ name: 'cat', model: 'm' });
  await assert.rejects(run(agent, 'x', { stream: true }));
});
