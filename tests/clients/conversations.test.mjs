// Libraries that know no sessions, each with its own way to keep a conversation and to send it again: which
// upstream conversation their turns reach, and that nothing is told twice.

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { AIMessage, HumanMessage, SystemMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { convertToModelMessages, generateText, streamText } from 'ai';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import OpenAI from 'openai';
import { addKey, gateway, simulator, temporaryFolder, unique } from '../e2e/support.mjs';
import { kind } from './kinds.mjs';

const sim = await simulator({ after });
const nekod = await gateway({ after }, kind.leading(sim));
const [model] = kind.models;

const textPart = (text) => ({ type: 'text', text });
const plain = {
  system: (content) => ({ role: 'system', content }),
  user: (content) => ({ role: 'user', content }),
};
const inParts = { ...plain, user: (text) => ({ role: 'user', content: [textPart(text)] }) };

const openai = {
  ...plain,
  client: (options) => new OpenAI({ ...options, maxRetries: 0 }),
  ask: async (client, messages) => {
    const answer = await client.chat.completions.create({ model, messages });
    return [answer.choices[0].message];
  },
};

const langChain = {
  system: (text) => new SystemMessage(text),
  user: (text) => new HumanMessage(text),
  client: ({ apiKey, ...configuration }) => new ChatOpenAI({ model, apiKey, configuration, maxRetries: 0 }),
  ask: async (client, messages) => [await client.invoke(messages)],
};

const aiSdk = {
  ...plain,
  client: (options) => createOpenAICompatible({ name: 'nekod', ...options })(model),
  // The library takes the prompt separately from the list.
  call: (client, list) => ({
    model: client,
    system: list.find((message) => message.role === 'system')?.content,
    messages: list.filter((message) => message.role !== 'system'),
    maxRetries: 0,
  }),
  ask: async (client, messages) => (await generateText(aiSdk.call(client, messages))).response.messages,
};

/// For each library, how it makes a message, and how it gets an answer to a list, as messages that are appended to
/// the list unchanged.
const libraries = {
  'openai, whole': openai,
  'openai, streamed': {
    ...openai,
    ask: async (client, messages) => {
      let content = '';
      for await (const chunk of await client.chat.completions.create({ model, messages, stream: true }))
        content += chunk.choices[0]?.delta.content ?? '';
      return [{ role: 'assistant', content }];
    },
  },
  'openai, stream()': {
    ...openai,
    ask: async (client, messages) => [await client.chat.completions.stream({ model, messages }).finalMessage()],
  },
  'openai, content in parts': {
    ...openai,
    ...inParts,
    ask: async (client, messages) => {
      const [answer] = await openai.ask(client, messages);
      return [{ role: 'assistant', content: [textPart(answer.content)] }];
    },
  },
  'LangChain, invoke': langChain,
  'LangChain, stream': {
    ...langChain,
    ask: async (client, messages) => {
      let answer;
      for await (const chunk of await client.stream(messages)) answer = answer ? answer.concat(chunk) : chunk;
      return [answer];
    },
  },
  'LangChain, content in parts': {
    ...langChain,
    user: (text) => new HumanMessage({ content: [textPart(text)] }),
    ask: async (client, messages) => {
      const answer = await client.invoke(messages);
      return [new AIMessage({ contentBlocks: answer.contentBlocks })];
    },
  },
  'LangChain, output of version 1': {
    ...langChain,
    client: ({ apiKey, ...configuration }) =>
      new ChatOpenAI({ model, apiKey, configuration, maxRetries: 0, outputVersion: 'v1' }),
  },
  'AI SDK, generateText': aiSdk,
  'AI SDK, streamText': {
    ...aiSdk,
    ...inParts,
    ask: async (client, messages) => (await streamText(aiSdk.call(client, messages)).response).messages,
  },
  'AI SDK, messages of its user interface': {
    ...aiSdk,
    user: (text) => ({ id: unique('id'), role: 'user', parts: [textPart(text)] }),
    ask: async (client, messages) => {
      const { system, messages: list, ...call } = aiSdk.call(client, messages);
      const result = streamText({ ...call, system, messages: await convertToModelMessages(list) });
      let answer;
      const onFinish = ({ responseMessage }) => (answer = responseMessage);
      for await (const _ of result.toUIMessageStream({ originalMessages: list, onFinish }));
      return [answer];
    },
  },
};

/// A conversation as a program keeps it that uses *library*.
class Conversation {
  messages = [];

  constructor(library, gate, { system, apiKey = 'any-key' } = {}) {
    this.library = library;
    this.apiKey = apiKey;
    this.move(gate);
    if (system) this.messages.push(library.system(system));
  }

  /// Continues at *gate*.
  move(gate) {
    const noting = async (...request) => (this.response = await fetch(...request));
    this.client = this.library.client({ baseURL: `${gate.url}/v1`, apiKey: this.apiKey, fetch: noting });
  }

  say(text) {
    this.messages.push(this.library.user(text));
    return this.#answer();
  }

  /// Regenerates the answer to the last message.
  again() {
    this.messages.splice(this.lastQuestion + 1);
    return this.#answer();
  }

  async #answer() {
    this.lastQuestion = this.messages.length - 1;
    this.messages.push(...(await this.library.ask(this.client, this.messages)));
    const { headers } = this.response;
    return { match: headers.get('x-session-match'), session: headers.get('x-session-id') };
  }
}

const told = (text) => kind.heard(sim, text);
const keeps = kind.name === 'anuneko';
const five = () => Array.from({ length: 5 }, (_, i) => unique(`turn-${i}`));

/// Sends *texts* one after another; each after the first must continue in *session*.
async function goOn(conversation, texts, session) {
  for (const text of texts)
    assert.deepEqual(await conversation.say(text), { match: 'transcript', session });
}

for (const [name, library] of Object.entries(libraries)) {
  test(`${name}: five turns in one conversation`, async () => {
    const conversation = new Conversation(library, nekod);
    const texts = five();
    const { match, session } = await conversation.say(texts[0]);
    assert.equal(match, 'new');
    await goOn(conversation, texts.slice(1), session);
    assert.deepEqual(await told(texts[0]), texts);
  });

  test(`${name}: a system prompt is told once`, async () => {
    const system = unique('rule');
    const conversation = new Conversation(library, nekod, { system });
    const texts = five();
    const { match, session } = await conversation.say(texts[0]);
    assert.equal(match, 'seeded');
    await goOn(conversation, texts.slice(1), session);
    const first = keeps ? [`[Instructions]\n${system}\n\n[New message]\n${texts[0]}`] : [system, texts[0]];
    assert.deepEqual(await told(texts[0]), [...first, ...texts.slice(1)]);
  });

  test(`${name}: a conversation goes on after a restart`, async (t) => {
    const args = [...kind.leading(sim), '--store', `sqlite:${join(temporaryFolder(t), 'sessions.db')}`];
    const texts = five();
    const before = await gateway(t, args);
    const conversation = new Conversation(library, before);
    const { session } = await conversation.say(texts[0]);
    await goOn(conversation, texts.slice(1, 3), session);
    before.kill();
    await before.ended();
    conversation.move(await gateway(t, args));
    await goOn(conversation, texts.slice(3), session);
    assert.deepEqual(await told(texts[0]), texts);
  });

  test(`${name}: an answer made anew is a conversation of its own`, async (t) => {
    const conversation = new Conversation(library, nekod);
    const [one, two, three] = five();
    const first = await conversation.say(one);
    await conversation.say(two);
    // Makes the answers differ; otherwise the conversations would be equal.
    t.after(() => sim.settings({ tokens: 0 }));
    await sim.settings({ tokens: 9 });
    const anew = await conversation.again();
    assert.equal(anew.match, 'seeded');
    assert.notEqual(anew.session, first.session);
    await goOn(conversation, [three], anew.session);
    if (!keeps) return assert.deepEqual(await told(three), [one, two, three]);
    assert.deepEqual(await told(one), [one, two], 'the first chat heard nothing of it');
    const [seed, ...others] = await told(three);
    assert.ok(seed.startsWith(`[Conversation so far]\nUser: ${one}\n`), seed);
    assert.ok(seed.endsWith(`[New message]\n${two}`), seed);
    assert.deepEqual(others, [three]);
  });
}

test('the same opening by two tenants is two conversations, in every library', async (t) => {
  const file = join(temporaryFolder(t), 'keys');
  const keys = ['alice', 'bob'].map((tenant) => addKey(file, tenant));
  const gate = await gateway(t, [...kind.leading(sim), '--api-keys', file]);
  for (const [name, library] of Object.entries(libraries)) {
    const opening = unique('opening');
    const conversations = keys.map((apiKey) => new Conversation(library, gate, { apiKey }));
    const sessions = [];
    for (const conversation of conversations) sessions.push((await conversation.say(opening)).session);
    assert.notEqual(sessions[0], sessions[1], name);
    const seconds = [unique('second'), unique('second')];
    for (const i of [0, 1]) await goOn(conversations[i], [seconds[i]], sessions[i]);
    for (const second of seconds) assert.deepEqual(await told(second), [opening, second], name);
  }
});

test('what a chat page asks beside a conversation, such as its title, is no part of it', async () => {
  const conversation = new Conversation(openai, nekod);
  const [one, two] = five();
  const { session } = await conversation.say(one);
  const history = conversation.messages.map(({ role, content }) => `${role}: ${content}`).join('\n');
  const beside = ['title', 'tags', 'questions'].map((what) =>
    new Conversation(openai, nekod).say(`Name the ${what} of this chat:\n${history}`),
  );
  const [second, ...others] = await Promise.all([conversation.say(two), ...beside]);
  assert.deepEqual(second, { match: 'transcript', session });
  for (const other of others) assert.equal(other.match, 'new');
  assert.equal(new Set([second, ...others].map((each) => each.session)).size, 4);
  assert.deepEqual(await told(two), [one, two]);
});

test('the simulator saw no wrong use', async () => {
  assert.deepEqual((await sim.quiet()).violations, []);
});
