// An OpenAI-compatible server as upstream: what passes, in both directions.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import {
  accountToken,
  checkStream,
  dataOf,
  expectError,
  gateway,
  leadingToOpenai,
  pair,
  runToEnd,
  unique,
} from './support.mjs';

const { sim, nekod } = await pair({ after }, { leading: leadingToOpenai });

const user = (content) => ({ role: 'user', content });
const bodyOf = async (text) => (await sim.completionOf(text)).body;
const chunksOf = (raw) => dataOf(raw).slice(0, -1).map((line) => JSON.parse(line));

const tools = [
  { type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} }, strict: true } },
];
// Known or unknown, within our ranges or not: the server judges them.
const parameters = {
  tools,
  tool_choice: { type: 'function', function: { name: 'weather' } },
  parallel_tool_calls: false,
  response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } },
  stop: ['a', 'b', 'c', 'd', 'e'],
  seed: 7,
  temperature: 7.5,
  top_k: 40,
  n: 2,
  reasoning_effort: 'high',
  reasoning: { effort: 'high' },
  chat_template_kwargs: { enable_thinking: true },
  logprobs: true,
  top_logprobs: 2,
  user: 'me',
  metadata: null,
};

for (const stream of [false, true]) {
  test(`all parameters pass, ${stream ? 'streamed' : 'whole'}`, async () => {
    const text = unique();
    const messages = [{ role: 'developer', content: 'be kind', odd: 1 }, user(text)];
    const response = await nekod.post({ model: 'Orange Cat', session_id: unique(), messages, stream, ...parameters });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('x-ignored-parameters'), null);
    await response.text();
    assert.deepEqual(await bodyOf(text), { model: 'Orange Cat', messages, stream, ...parameters });
  });
}

test('a whole answer passes with all its members; ids, time and model are ours', async () => {
  const { json, response } = await nekod.ask(`[sim tokens=3 reasoning=2] ${unique()}`, {
    model: 'Exotic Shorthair',
    logprobs: true,
    n: 2,
  });
  assert.match(json.id, /^chatcmpl-./);
  assert.doesNotMatch(json.id, /sim/);
  assert.equal(json.object, 'chat.completion');
  assert.equal(json.model, 'Exotic Shorthair');
  assert.equal(json.session_id, response.headers.get('x-session-id'));
  assert.notEqual(json.created, 1_700_000_000);
  assert.equal(json.system_fingerprint, 'fp_sim');
  assert.deepEqual(json.usage, { prompt_tokens: 1, completion_tokens: 12, total_tokens: 13 });
  assert.deepEqual(json.choices.map((choice) => choice.index), [0, 1]);
  for (const choice of json.choices) {
    assert.equal(choice.finish_reason, 'stop');
    assert.ok(choice.message.reasoning_content);
    assert.equal(choice.logprobs.content[0].logprob, -0.25);
  }
});

test('a stream passes as any of ours does', async () => {
  const stream = await nekod.stream(`[sim tokens=30] ${unique()}`);
  const { text, chunks } = checkStream(await stream.rest());
  assert.ok(text.length > 30);
  assert.ok(chunks.every((chunk) => chunk.system_fingerprint === 'fp_sim'));
  const asked = await nekod.stream(unique(), { stream_options: { include_usage: true } });
  const counted = checkStream(await asked.rest(), { usage: true });
  assert.equal(counted.usage.prompt_tokens, 1);
  assert.ok(counted.usage.completion_tokens > 1);
});

test('a stream passes with reasoning, logprobs, calls of tools and several choices', async () => {
  const stream = await nekod.stream(`[sim tools=2 reasoning=2] ${unique()}`, { tools, logprobs: true, n: 2 });
  const chunks = chunksOf(await stream.rest());
  for (const index of [0, 1]) {
    const choices = chunks.map((chunk) => chunk.choices[0]).filter((choice) => choice.index === index);
    assert.deepEqual(choices[0].delta, { role: 'assistant', content: null });
    assert.ok(choices.some((choice) => choice.delta.reasoning_content));
    assert.ok(choices.some((choice) => choice.logprobs?.content[0].logprob === -0.25));
    const calls = choices.flatMap((choice) => choice.delta.tool_calls ?? []);
    assert.deepEqual([...new Set(calls.map((call) => call.index))], [0, 1]);
    assert.equal(calls[0].function.name, 'weather');
    const spoken = calls.filter((call) => call.index === 0).map((call) => call.function.arguments);
    assert.deepEqual(JSON.parse(spoken.join('')), { messages: 1 });
    assert.equal(choices.at(-1).finish_reason, 'tool_calls');
    for (const choice of choices.slice(0, -1)) assert.equal(choice.finish_reason, null);
  }
});

test('images pass', async () => {
  const text = unique();
  const content = [
    { type: 'text', text },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
    { type: 'video_url', video_url: { url: 'https://cats.example' } },
  ];
  const response = await nekod.post({ messages: [user(content)] });
  assert.equal(response.status, 200, await response.text());
  assert.deepEqual((await bodyOf(text)).messages, [user(content)]);
});

test('requests that hold nothing together are refused here', async () => {
  const refused = {
    invalid_json: '{"messages":',
    empty_messages: { messages: [] },
    invalid_type: { messages: [user('x')], stream: 'yes' },
    invalid_session_id: { messages: [user('x')], session_id: 'a b' },
  };
  for (const [code, body] of Object.entries(refused)) await expectError(await nekod.post(body), 400, code);
  const odd = await nekod.post({ messages: [{ role: 'system', content: 'alone' }] });
  assert.equal(odd.status, 200, 'no user message is for the server to judge');
});

test('the models are those of the server, and an alias stands for one', async (t) => {
  const models = await (await fetch(`${nekod.url}/v1/models`)).json();
  assert.deepEqual(models.data.map((model) => model.id), ['Orange Cat', 'Exotic Shorthair']);
  assert.ok(models.data.every(({ owned_by, created }) => owned_by === 'simulator' && created === 1700000000));

  const other = await gateway(t, [
    ...leadingToOpenai(sim),
    ...['--openai-model', 'Exotic Shorthair', '--model-alias', 'gpt-4o=Orange Cat'],
  ]);
  const modelOf = async (gate, model) => {
    const text = unique();
    const { json } = await gate.ask(text, { model });
    return [(await bodyOf(text)).model, json.model];
  };
  assert.deepEqual(await modelOf(nekod, undefined), ['Orange Cat', 'Orange Cat'], 'the first of the list');
  assert.deepEqual(await modelOf(other, undefined), ['Exotic Shorthair', 'Exotic Shorthair']);
  assert.deepEqual(await modelOf(other, 'gpt-4o'), ['Orange Cat', 'gpt-4o']);
  assert.deepEqual(await modelOf(other, 'not/listed'), ['not/listed', 'not/listed'], 'the server may know it');
});

test('without its list of models only requests that name one are answered', async (t) => {
  await sim.fault({ call: 'models', kind: 'status', status: 500, times: 1000 });
  const lost = await gateway(t, leadingToOpenai(sim));
  const nameless = await lost.post({ messages: [user('x')] });
  await expectError(nameless, 500, 'simulated_fault'); // In the server's words.
  assert.ok((await lost.ask(unique(), { model: 'Orange Cat' })).text);
  await sim.clearFaults();
});

test('it does not start without an address, nor where conversations would not be kept', async (t) => {
  const bare = await runToEnd(t, ['--upstream', 'openai', '--port', '0']);
  assert.equal(bare.code, 2);
  assert.match(bare.log, /--openai-url/);
  const args = [...leadingToOpenai(sim), '--store', 'sqlite:x.db', '--store-text', 'digest'];
  const forgetful = await runToEnd(t, args);
  assert.equal(forgetful.code, 2);
  assert.match(forgetful.log, /--store-text digest/);
});

test('a wrong key is told as ours, and no key is told at all', async (t) => {
  const args = leadingToOpenai(sim).map((word) => (word === accountToken ? 'sk-not-this-one' : word));
  const stranger = await gateway(t, [...args, '--log-level', 'trace']);
  const response = await stranger.post({ model: 'Orange Cat', messages: [user('x')] });
  const error = await expectError(response, 502, 'upstream_auth_failed', 'authentication_error');
  assert.doesNotMatch(JSON.stringify(error), /sk-not/);
  assert.match(error.message, /^Incorrect API key provided: \*\*\*/, "the server's words");
  assert.equal((await fetch(`${stranger.url}/health/ready`)).status, 503);
  stranger.kill();
  await stranger.ended();
  assert.doesNotMatch(stranger.log, /sk-not/);
});

test('what a server quotes of a message reaches its client, and no log', async (t) => {
  const gate = await gateway(t, [...leadingToOpenai(sim), '--log-level', 'trace']);
  const text = unique('private-words');
  const body = JSON.stringify({ error: { message: `no answer to ${text}`, type: text, code: 'odd' } });
  await sim.fault({ call: 'completions', kind: 'status', status: 400, body });
  const refused = await expectError(await gate.post({ messages: [user(text)] }), 400, 'odd');
  assert.match(refused.message, /private-words/);
  await gate.ask(text);
  gate.kill();
  await gate.ended();
  assert.doesNotMatch(gate.log, /private-words/);
});

test('calls are counted', async () => {
  for (const call of ['chat_completions', 'models'])
    assert.ok((await nekod.figure(`nekod_upstream_calls_total{call="${call}",outcome="ok",upstream="openai"}`)) > 0, call);
});
