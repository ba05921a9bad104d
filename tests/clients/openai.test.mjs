// The official openai package with nekod: what its users do, with nothing changed but the base URL.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { pair, patience, unique } from '../e2e/support.mjs';
import { kind, stands } from './kinds.mjs';
import { OpenAI } from './official.mjs';

const { leading, models, call } = kind;
const { sim, nekod } = await pair({ after }, { leading, nekod: ['--request-timeout', '1'] });

/// A client, and the requests it made.
function client(options = {}) {
  const requests = [];
  const openai = new OpenAI({
    apiKey: 'any-key-will-do',
    baseURL: `${nekod.url}/v1`,
    maxRetries: 0,
    timeout: patience,
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      const again = new Headers(init.headers).get('x-stainless-retry-count');
      requests.push({ status: response.status, again, headers: response.headers });
      return response;
    },
    ...options,
  });
  return { openai, requests };
}

const { openai } = client();
const [model, another] = models;
const say = (text, fields) => ({ model, messages: [{ role: 'user', content: text }], ...fields });
const endless = '[sim tokens=200000 delay=20]';

async function read(stream) {
  let [text, session, finish] = ['', undefined, []];
  for await (const chunk of stream) {
    session = chunk.session_id;
    text += chunk.choices[0]?.delta.content ?? '';
    if (chunk.choices[0]?.finish_reason) finish.push(chunk.choices[0].finish_reason);
  }
  return { text, session, finish };
}

test('models are listed and found', async () => {
  const listed = [];
  for await (const found of openai.models.list()) listed.push(found);
  assert.deepEqual(listed.map((found) => found.id), models);
  const one = await openai.models.retrieve(model);
  assert.equal(one.object, 'model');
  assert.equal(one.owned_by, kind.name === 'anuneko' ? 'anuneko' : 'simulator');
  assert.equal(one.anuneko_model, kind.name === 'anuneko' ? 'Orange Cat' : undefined);
});

test('a whole answer', async () => {
  const text = unique('你好');
  const { data, request_id } = await openai.chat.completions.create(say(text)).withResponse();
  assert.ok(data.choices[0].message.content.includes(text));
  assert.equal(data.choices[0].finish_reason, 'stop');
  assert.ok(request_id, 'the SDK finds the request id');
  assert.equal(data._request_id, request_id);
});

test('a streamed answer', async () => {
  const text = unique('你好');
  const answer = await read(await openai.chat.completions.create(say(text, { stream: true })));
  assert.ok(answer.text.includes(text));
  assert.deepEqual(answer.finish, ['stop']);
});

test('a streamed answer with usage', async () => {
  const options = { stream: true, stream_options: { include_usage: true } };
  const stream = await openai.chat.completions.create(say(unique(), options));
  let usage;
  for await (const chunk of stream) usage = chunk.usage ?? usage;
  // AnuNeko does not count tokens.
  assert.equal(usage.total_tokens > 0, kind.name !== 'anuneko');
});

test('the stream() helper puts the answer together', async () => {
  const text = unique('你好');
  const pieces = [];
  const stream = openai.chat.completions.stream(say(text)).on('content', (piece) => pieces.push(piece));
  const completion = await stream.finalChatCompletion();
  assert.equal(completion.object, 'chat.completion');
  assert.equal(completion.choices[0].message.role, 'assistant');
  assert.equal(pieces.join(''), completion.choices[0].message.content);
  assert.ok((await stream.finalContent()).includes(text));
});

test('a session goes on by session_id, whole and streamed', async () => {
  const texts = [unique('one'), unique('two'), unique('three')];
  const first = await openai.chat.completions.create(say(texts[0]));
  const { session_id } = first;
  const second = await openai.chat.completions.create(say(texts[1], { session_id }));
  assert.equal(second.session_id, session_id);
  const third = await openai.chat.completions.create(say(texts[2], { session_id, stream: true }));
  assert.equal((await read(third)).session, session_id);
  assert.deepEqual(await kind.heard(sim, texts[0]), texts);
});

test('a session switches its model', async () => {
  const { session_id } = await openai.chat.completions.create(say(unique()));
  const text = unique();
  const answer = await openai.chat.completions.create(say(text, { session_id, model: another }));
  assert.equal(answer.model, another);
  assert.equal(await kind.model(sim, text), another);
});

test('errors have the class that belongs to them', async (t) => {
  const expect = async (promise, type, status, code) => {
    const error = await promise.then(() => assert.fail('no error'), (e) => e);
    assert.ok(error instanceof type, `${error.constructor.name}: ${error.message}`);
    assert.equal(error.status, status);
    assert.equal(error.code, code);
    assert.ok(error.requestID);
    return error;
  };
  const create = (fields) => openai.chat.completions.create(say(unique(), fields));
  const bad = await expect(create({ messages: [] }), OpenAI.BadRequestError, 400, 'empty_messages');
  assert.equal(bad.param, 'messages');
  assert.equal(bad.type, 'invalid_request_error');
  await expect(create({ session_id: 'a b' }), OpenAI.BadRequestError, 400, 'invalid_session_id');
  await expect(openai.models.retrieve('gpt-4o'), OpenAI.NotFoundError, 404, 'model_not_found');
  // This passes through to an OpenAI-compatible server, whose own 404 this is: the simulator has no embeddings.
  const unknown = await openai.embeddings.create({ model, input: 'x' }).then(() => assert.fail('no error'), (e) => e);
  assert.ok(unknown instanceof OpenAI.NotFoundError, unknown.message);
  if (kind.name === 'anuneko') assert.equal(unknown.code, 'not_found');
  await expect(openai.models.delete(model), OpenAI.APIError, 405, 'method_not_allowed');
  t.after(() => sim.clearFaults());
  await sim.fault({ call, kind: 'status', status: 500, times: 100 });
  // An OpenAI-compatible server's own status and words.
  const told = kind.name === 'anuneko' ? [502, 'upstream_error'] : [500, 'simulated_fault'];
  await expect(create({}), OpenAI.InternalServerError, ...told);
  await sim.clearFaults();
  await sim.fault({ call, kind: 'silent', times: 100 });
  await expect(create({ stream: true }), OpenAI.InternalServerError, 504, 'upstream_timeout');
});

test('what AnuNeko cannot do is refused, and what a server with the OpenAI API may do reaches it', async () => {
  const tools = [{ type: 'function', function: { name: 'look_up', parameters: { type: 'object', properties: {} } } }];
  const response_format = { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } };
  const asked = { tools: { tools }, response_format: { response_format }, temperature: { temperature: 3 } };
  for (const [param, fields] of Object.entries(asked)) {
    const text = unique(param);
    const answer = openai.chat.completions.create(say(text, fields));
    if (kind.name === 'openai') {
      assert.equal((await answer).choices[0].finish_reason, 'stop');
      assert.deepEqual((await sim.completionOf(text)).body[param], fields[param]);
    } else {
      const error = await answer.then(() => assert.fail('no error'), (e) => e);
      assert.ok(error instanceof OpenAI.BadRequestError, error.message);
      assert.deepEqual([error.code, error.param], [param === 'temperature' ? 'invalid_value' : 'unsupported_parameter', param]);
    }
  }
});

const obeyed = { skip: kind.name !== 'anuneko' && 'such a server obeys by itself' };

test('stop and max_tokens end an answer', obeyed, async () => {
  const text = `[sim tokens=30] ${unique('stop')}`;
  const whole = (await openai.chat.completions.create(say(text))).choices[0].message.content;
  const stop = [whole.slice(20, 27), 'no such text'];
  const expected = whole.slice(0, whole.indexOf(stop[0]));
  const { choices } = await openai.chat.completions.create(say(text, { stop }));
  assert.deepEqual([choices[0].message.content, choices[0].finish_reason], [expected, 'stop']);
  const streamed = await read(await openai.chat.completions.create(say(text, { stop, stream: true })));
  assert.deepEqual([streamed.text, streamed.finish], [expected, ['stop']]);
  const few = await read(await openai.chat.completions.create(say(text, { max_completion_tokens: 3, stream: true })));
  assert.deepEqual(few.finish, ['length']);
  assert.ok(whole.startsWith(few.text) && few.text.length > 0);
});

test('several answers, whole, streamed and by the stream() helper', obeyed, async () => {
  const ask = () => say(`[sim tokens=30] ${unique('n')}`, { n: 3 });
  const { choices } = await openai.chat.completions.create(ask());
  assert.deepEqual(choices.map((choice) => choice.index), [0, 1, 2]);
  const streamed = ['', '', ''];
  for await (const chunk of await openai.chat.completions.create({ ...ask(), stream: true }))
    for (const choice of chunk.choices) streamed[choice.index] += choice.delta.content ?? '';
  const helped = await openai.chat.completions.stream(ask()).finalChatCompletion();
  assert.deepEqual(helped.choices.map((choice) => choice.finish_reason), ['stop', 'stop', 'stop']);
  for (const text of [...choices, ...helped.choices].map((choice) => choice.message.content).concat(streamed))
    assert.ok(text.length > 0);
  await assert.rejects(openai.chat.completions.create({ ...ask(), n: 9 }), OpenAI.BadRequestError);
});

test('a stream that breaks in the middle throws an APIError', async () => {
  for (const fault of ['cut', 'error_event', 'stall']) {
    await sim.fault({ call, kind: fault, times: 1, after_events: 6 });
    const stream = await openai.chat.completions.create(say(`[sim tokens=50] ${unique()}`, { stream: true }));
    const error = await read(stream).then(() => assert.fail('no error'), (e) => e);
    assert.ok(error instanceof OpenAI.APIError, `${fault}: ${error.constructor.name} ${error.message}`);
    const inWords = fault === 'error_event' && kind.name !== 'anuneko';
    assert.equal(error.code, fault === 'stall' ? 'upstream_timeout' : inWords ? 'simulated_fault' : 'upstream_error');

    await sim.fault({ call, kind: fault, times: 1, after_events: 6 });
    const helper = openai.chat.completions.stream(say(`[sim tokens=50] ${unique()}`));
    await assert.rejects(helper.finalChatCompletion(), OpenAI.APIError);
  }
});

test('what cannot succeed is not tried again', async () => {
  const eager = client({ maxRetries: 2 });
  await assert.rejects(eager.openai.chat.completions.create(say('', { messages: [] })));
  assert.deepEqual(
    eager.requests.map((request) => request.status),
    [400],
  );
  assert.equal(eager.requests[0].headers.get('x-should-retry'), 'false');
});

test('leaving in the middle reaches the upstream, by abort and by break', async () => {
  const session_id = unique('session');
  const ways = {
    abort: async (stream) => {
      const [text, first] = [[], stream[Symbol.asyncIterator]()];
      for (let i = 0; i < 3; ++i) text.push(await first.next());
      stream.controller.abort();
    },
    break: async (stream) => {
      for await (const chunk of stream) if (chunk.choices[0].delta.content) break;
    },
  };
  for (const [name, leave] of Object.entries(ways)) {
    const text = unique(name);
    await leave(await openai.chat.completions.create(say(`${endless} ${text}`, { session_id, stream: true })));
    await stands(sim, text, 'aborted');
    const next = unique('next');
    const answer = await openai.chat.completions.create(say(next, { session_id }));
    assert.ok(answer.choices[0].message.content.includes(next));
  }
});

test('a hundred streams at once', async () => {
  const texts = Array.from({ length: 100 }, () => unique());
  const answers = await Promise.all(
    texts.map(async (text) =>
      read(await openai.chat.completions.create(say(`[sim delay=5] ${text}`, { stream: true }))),
    ),
  );
  answers.forEach((answer, i) => {
    assert.ok(answer.text.includes(texts[i]));
    assert.deepEqual(answer.finish, ['stop']);
  });
  assert.equal(new Set(answers.map((answer) => answer.session)).size, 100);
});

test('the simulator saw no wrong use', async () => {
  const report = await sim.quiet();
  assert.deepEqual(report.violations, []);
});
