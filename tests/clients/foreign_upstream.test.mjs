// nekod in front of other people's server with the OpenAI API: aimock, as a server with its own answers, streams
// and errors, and as a proxy of the simulator. Only the texts of its answers are ours.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import { Foreign, folder } from '../e2e/foreign.mjs';
import { accountToken, gateway, simulator, unique } from '../e2e/support.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const program = join(here, 'node_modules/@copilotkit/aimock/dist/cli.js');

const story = 'Once upon a time there was a cat who lived in a gateway and let everybody through. '.repeat(3);
const when = (userMessage, match = {}) => ({ match: { userMessage, ...match } });
const says = (userMessage, content, more) => ({ ...when(userMessage), response: { content }, ...more });
const fails = (userMessage, status, error) => ({ ...when(userMessage), response: { error, status } });

const fixtures = [
  fails('too long', 400, { message: 'of 8 tokens', type: 'invalid_request_error', code: 'context_length_exceeded' }),
  fails('too often', 429, { message: 'slow down', type: 'rate_limit_error', code: 'rate_limit_exceeded' }),
  fails('wrong key', 401, { message: 'not this key', type: 'authentication_error', code: 'invalid_api_key' }),
  fails('broken', 500, { message: 'out of order', type: 'server_error', code: 'oops' }),
  says('cut', story, { truncateAfterChunks: 5 }),
  says('nonsense', story, { chaos: { malformedRate: 1 } }),
  says('gone', story, { chaos: { disconnectRate: 1 } }),
  says('slow', story.repeat(100), { latency: 20 }),
  says('think', 'a thought later', { response: { content: 'a thought later', reasoning: 'hm' } }),
  { ...when('weather', { hasToolResult: false }), response: { toolCalls: [{ name: 'look_up', arguments: { city: 'Paris' } }] } },
  says('weather', 'It is sunny.'),
  // Chosen by the number of answers in the request: an incomplete conversation gets another answer.
  ...['one', 'two', 'three'].map((word, turnIndex) => ({ match: { userMessage: 'turn', turnIndex }, response: { content: `answer ${word}` } })),
  says('story', story),
];

/// A running aimock with these arguments, and the requests it got.
async function aimock(scope, args) {
  const command = [process.execPath, program, '--port', '0', '--log-level', 'info', ...args];
  const running = new Foreign(scope, command);
  const [, url] = await running.seen(/listening on (http:\S+)/);
  const journal = async () => (await fetch(`${url}/__aimock/journal`)).json();
  return { url, told: async () => (await journal()).findLast(({ body }) => body?.messages).body.messages };
}

/// nekod in front of the server at *url*, and a client of it.
async function inFrontOf(scope, url, ...args) {
  const where = ['--upstream', 'openai', '--openai-url', `${url}/v1`, '--openai-key', accountToken];
  const nekod = await gateway(scope, [...where, '--store', 'memory', '--port', '0', ...args]);
  return { nekod, openai: new OpenAI({ apiKey: 'any', baseURL: `${nekod.url}/v1`, maxRetries: 0 }) };
}

const home = folder({ after }, { 'fixtures.json': JSON.stringify({ fixtures }) });
const server = await aimock({ after }, ['--fixtures', join(home, 'fixtures.json')]);
const { openai } = await inFrontOf({ after }, server.url, '--request-timeout', '2');

const model = 'gpt-4o';
const user = (content) => ({ role: 'user', content });
const ask = (content, fields) => openai.chat.completions.create({ model, messages: [user(content)], ...fields });
const failed = (promise) => promise.then(() => assert.fail('no error'), (error) => error);

async function read(stream) {
  let [content, session, finish, pieces, usage] = ['', undefined, undefined, 0];
  for await (const chunk of stream) {
    session = chunk.session_id;
    content += chunk.choices[0]?.delta.content ?? '';
    pieces += chunk.choices[0]?.delta.content ? 1 : 0;
    finish = chunk.choices[0]?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
  }
  return { content, session, finish, pieces, usage };
}

test('its models are listed', async () => {
  const theirs = (await (await fetch(`${server.url}/v1/models`)).json()).data;
  const ours = [];
  for await (const found of openai.models.list()) ours.push(found);
  const named = (list) => list.map(({ id, owned_by }) => ({ id, owned_by }));
  assert.deepEqual(named(ours), named(theirs));
  assert.ok(ours.every((found) => !('anuneko_model' in found)));
});

test('a whole answer, and a streamed one', async () => {
  const whole = await ask('a story');
  assert.equal(whole.choices[0].message.content, story);
  assert.equal(whole.choices[0].finish_reason, 'stop');
  assert.ok(whole.usage.total_tokens > 0);
  const streamed = await read(await ask('a story', { stream: true, stream_options: { include_usage: true } }));
  assert.equal(streamed.content, story);
  assert.equal(streamed.finish, 'stop');
  assert.ok(streamed.pieces > 3);
  assert.ok(streamed.usage.total_tokens > 0);
});

test('reasoning passes, and is told again', async () => {
  for (const stream of [false, true]) {
    let [reasoning, session_id] = ['', undefined];
    const answer = await ask('think', { stream });
    for await (const each of stream ? answer : [answer]) {
      const { delta, message } = each.choices[0] ?? {};
      reasoning += (delta ?? message)?.reasoning_content ?? '';
      ({ session_id } = each);
    }
    assert.equal(reasoning, 'hm');
    await ask('a story', { session_id });
    const told = (await server.told())[1];
    assert.deepEqual(told, { role: 'assistant', content: 'a thought later', reasoning_content: 'hm' });
  }
});

for (const stream of [false, true]) {
  const how = stream ? 'streamed' : 'whole';
  const content = async (promise) =>
    stream ? read(await promise) : promise.then((all) => ({ ...all.choices[0].message, session: all.session_id }));

  test(`a tool is called, and its result answered, ${how}`, async () => {
    const seen = [];
    const look_up = { name: 'look_up', parameters: { type: 'object', properties: {} }, parse: JSON.parse };
    const tools = [{ type: 'function', function: { ...look_up, function: (args) => (seen.push(args), 'sunny') } }];
    const messages = [user(`${unique()}: the weather`)];
    const runner = openai.chat.completions.runTools({ model, messages, tools, stream });
    assert.equal(await runner.finalContent(), 'It is sunny.');
    assert.deepEqual(seen, [{ city: 'Paris' }]);
    assert.deepEqual((await server.told()).map(({ role }) => role), ['user', 'assistant', 'tool']);
  });

  test(`a conversation goes on by its session alone, ${how}`, async () => {
    let session_id;
    for (const word of ['one', 'two', 'three']) {
      const answer = await content(ask(`turn ${word}`, { stream, session_id }));
      assert.equal(answer.content, `answer ${word}`);
      session_id = answer.session;
    }
    const contents = (await server.told()).map((message) => message.content);
    assert.deepEqual(contents, ['turn one', 'answer one', 'turn two', 'answer two', 'turn three']);
  });

  test(`a conversation that is told whole is recognised, ${how}`, async () => {
    const messages = [user(`turn ${unique()}`)];
    const sessions = new Set();
    for (const word of ['one', 'two', 'three']) {
      const answer = await content(ask('', { stream, messages }));
      assert.equal(answer.content, `answer ${word}`);
      assert.deepEqual(await server.told(), messages);
      sessions.add(answer.session);
      messages.push({ role: 'assistant', content: answer.content }, user('and the next turn'));
    }
    assert.equal(sessions.size, 1);
  });

  const refusals = {
    'too long': [OpenAI.BadRequestError, 400, 'context_length_exceeded', /of 8 tokens/],
    'too often': [OpenAI.RateLimitError, 429, 'rate_limit_exceeded', /slow down/],
    // Its 404 for a request without an answer.
    unheard: [OpenAI.NotFoundError, 404, 'no_fixture_match', /No fixture matched/],
    'wrong key': [OpenAI.InternalServerError, 502, 'upstream_auth_failed', /not this key/],
    broken: [OpenAI.InternalServerError, 500, 'oops', /out of order/],
    nonsense: [OpenAI.InternalServerError, 502, 'upstream_error', /./],
    gone: [OpenAI.InternalServerError, 502, 'upstream_error', /./],
  };
  for (const [text, [type, status, code, words]] of Object.entries(refusals)) {
    test(`an error of its is told and forgotten: ${text}, ${how}`, async () => {
      const { session_id } = await ask('turn one');
      const error = await failed(ask(text, { session_id, stream }));
      assert.ok(error instanceof type, `${error.constructor.name}: ${error.message}`);
      assert.deepEqual([error.status, error.code], [status, code]);
      assert.match(error.message, words);
      if (status === 429) assert.equal(error.headers.get('retry-after'), '1');
      const after = await ask('turn two', { session_id });
      assert.equal(after.choices[0].message.content, 'answer two');
    });
  }
}

test('a stream of its that is cut is an error, and forgotten', async () => {
  const { session_id } = await ask('turn one');
  const error = await failed(ask('cut', { session_id, stream: true }).then(read));
  assert.ok(error instanceof OpenAI.APIError);
  assert.equal(error.code, 'upstream_error');
  assert.equal((await ask('turn two', { session_id })).choices[0].message.content, 'answer two');
});

test('a client that leaves a stream goes on as if it had not asked', async () => {
  const { session_id } = await ask('turn one');
  const stream = await ask('slow', { session_id, stream: true });
  for await (const chunk of stream) if (chunk.choices[0].delta.content) break;
  assert.equal((await ask('turn two', { session_id })).choices[0].message.content, 'answer two');
});

test('as a proxy it passes on what the simulator says, and that a client left', async (t) => {
  const sim = await simulator(t);
  // It answers what it knows and passes on the rest.
  const args = ['--fixtures', join(home, 'fixtures.json'), '--proxy-only', '--provider-openai', sim.url];
  const proxy = await aimock(t, args);
  const { openai } = await inFrontOf(t, proxy.url);
  const ask = (content, fields) => openai.chat.completions.create({ model, messages: [user(content)], ...fields });

  const own = await ask('turn one');
  assert.equal(own.choices[0].message.content, 'answer one');
  const { session_id } = own;
  const [whole, streamed, left] = [unique('whole'), unique('streamed'), unique('left')];
  assert.ok((await ask(whole, { session_id })).choices[0].message.content.includes(whole));
  const answer = await read(await ask(streamed, { session_id, stream: true }));
  assert.ok(answer.content.includes(streamed));
  const told = (await sim.completionOf(streamed)).body.messages.filter(({ role }) => role === 'user');
  assert.deepEqual(told, ['turn one', whole, streamed].map(user));

  const stream = await ask(`[sim tokens=100000 delay=20] ${left}`, { session_id, stream: true });
  for await (const chunk of stream) if (chunk.choices[0].delta.content) break;
  await sim.completed(left, 'aborted');
  await sim.fault({ call: 'completions', kind: 'cut', after_events: 6 });
  const half = await failed(ask(`[sim tokens=50] ${unique('half')}`, { session_id, stream: true }).then(read));
  assert.equal(half.code, 'upstream_error');
  await ask(unique('after'), { session_id });
  assert.deepEqual((await proxy.told()).slice(0, -1).filter(({ role }) => role === 'user'), told);
});
