// Libraries that use the Responses API, each in its ways to keep a conversation: by items that it refers to or sends
// again, by a chain of responses, or by a conversation of the server. Each holds a conversation of three turns, which
// is one session, and the upstream hears each message once.

import { createOpenAI } from '@ai-sdk/openai';
import { HumanMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { Agent, OpenAIConversationsSession, OpenAIProvider, Runner } from '@openai/agents';
import { generateText, streamText } from 'ai-7';
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { OpenAI } from 'openai-7';
import { pair, unique } from '../e2e/support.mjs';
import { kind } from './kinds.mjs';

globalThis.AI_SDK_LOG_WARNINGS = false;

const { sim, nekod } = await pair({ after }, { leading: kind.leading });
const [model] = kind.models;
const baseURL = `${nekod.url}/v1`;

/// The AI SDK, whose conversation is a list of messages unless *options* of the provider keep it elsewhere.
const aiSdk = (stream, options = () => ({})) => (fetch) => {
  const client = createOpenAI({ apiKey: 'any', baseURL, fetch })(model);
  let messages = [];
  let last;
  return async (text) => {
    const openai = await options(last);
    if (openai.previousResponseId || openai.conversation) messages = [];
    messages.push({ role: 'user', content: text });
    const call = { model: client, messages, maxRetries: 0, providerOptions: { openai } };
    const result = await (stream ? streamText(call) : generateText(call));
    messages.push(...(await result.responseMessages));
    last = (await result.providerMetadata).openai.responseId;
    return result.text;
  };
};

/// The Agents SDK. *state* makes the options that keep the conversation; without any it is sent again.
const agents = (stream, state) => (fetch) => {
  const openAIClient = new OpenAI({ apiKey: 'any', baseURL, fetch, maxRetries: 0 });
  const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient }), tracingDisabled: true });
  const agent = new Agent({ name: 'cat', model });
  const kept = state?.(openAIClient);
  let last;
  return async (text) => {
    const history = state || !last ? text : [...last.history, { role: 'user', content: text }];
    last = await runner.run(agent, history, { stream, ...(await kept?.(last)) });
    if (stream) await last.completed;
    return last.finalOutput;
  };
};

const inSession = (openAIClient) => {
  const session = new OpenAIConversationsSession({ client: openAIClient });
  return () => ({ session });
};
const inConversation = (openAIClient) => {
  const made = openAIClient.conversations.create();
  return async () => ({ conversationId: (await made).id });
};
const inChain = () => (last) => ({ previousResponseId: last?.lastResponseId });

/// LangChain. *chained*: it continues the last response; otherwise the list of messages is sent again.
const langChain = (stream, { chained = false, ...fields } = {}) => (fetch) => {
  const client = new ChatOpenAI({ model, apiKey: 'any', useResponsesApi: true, configuration: { baseURL, fetch }, maxRetries: 0, ...fields });
  let messages = [];
  let previous_response_id;
  return async (text) => {
    if (chained) messages = [];
    messages.push(new HumanMessage(text));
    let answer;
    if (!stream) answer = await client.invoke(messages, { previous_response_id });
    else
      for await (const chunk of await client.stream(messages, { previous_response_id }))
        answer = answer ? answer.concat(chunk) : chunk;
    messages.push(answer);
    if (chained) previous_response_id = answer.response_metadata.id;
    return answer.text;
  };
};

/// A new conversation of nekod's for the AI SDK.
const ofServer = () => {
  let made;
  return async () => {
    made ??= fetch(`${baseURL}/conversations`, { method: 'POST' }).then((response) => response.json());
    return { conversation: (await made).id };
  };
};

const libraries = {
  'AI SDK, items referred to': (stream) => aiSdk(stream),
  'AI SDK, store: false': (stream) => aiSdk(stream, () => ({ store: false })),
  'AI SDK, chain': (stream) => aiSdk(stream, (previousResponseId) => ({ previousResponseId })),
  'AI SDK, conversation': (stream) => aiSdk(stream, ofServer()),
  'Agents, history': (stream) => agents(stream),
  'Agents, session': (stream) => agents(stream, inSession),
  'Agents, conversation': (stream) => agents(stream, inConversation),
  'Agents, chain': (stream) => agents(stream, inChain),
  'LangChain, history': (stream) => langChain(stream),
  'LangChain, history of version 1': (stream) => langChain(stream, { outputVersion: 'v1' }),
  'LangChain, zero data retention': (stream) => langChain(stream, { zdrEnabled: true }),
  'LangChain, chain': (stream) => langChain(stream, { chained: true }),
};

for (const [library, of] of Object.entries(libraries)) {
  for (const stream of [false, true]) {
    test(`${library}, ${stream ? 'streamed' : 'whole'}`, async () => {
      const answered = [];
      const noting = async (...request) => {
        const response = await fetch(...request);
        if (new URL(request[0].url ?? request[0]).pathname === '/v1/responses') answered.push(response);
        return response;
      };
      const ask = of(stream)(noting);
      // Short answers: some libraries take their time for each piece.
      const texts = ['one', 'two', 'three'].map((text) => `[sim tokens=4] ${unique(text)}`);
      for (const text of texts) assert.ok(await ask(text));
      assert.deepEqual(answered.map(({ status }) => status), [200, 200, 200]);
      assert.equal(new Set(answered.map(({ headers }) => headers.get('x-session-id'))).size, 1);
      const heard = await kind.heard(sim, texts[2]);
      assert.deepEqual(heard.map((said) => texts.find((text) => said.includes(text))), texts);
    });
  }
}
