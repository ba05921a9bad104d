// A failing OpenAI-compatible server, and clients that leave: each failure has its answer, and the conversation
// continues as if the turn had not happened.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import {
  Connection,
  checkBrokenStream,
  checkStream,
  expectError,
  gateway,
  leadingToOpenai,
  pair,
  rawRequest,
  sanitized,
  unique,
  until,
} from './support.mjs';

// Each failure by itself: retries are tested in `retries`.
const once = ['--retries', '0'];
const { sim, nekod } = await pair({ after }, { leading: leadingToOpenai, nekod: once });
const hasty = await gateway({ after }, [
  ...leadingToOpenai(sim),
  ...['--request-timeout', '1', '--answer-timeout', '3', ...once],
]);

const user = (content) => ({ role: 'user', content });
const ask = (gate, id, text, fields = {}) => gate.post({ session_id: id, messages: [user(text)], ...fields });

/// The upstream is told what was said before the failure, and nothing of the failed turn.
async function goesOn(gate, id, before) {
  await sim.clearFaults();
  const text = unique('after');
  await gate.ask(text, { session_id: id });
  const told = (await sim.completionOf(text)).body.messages.filter((m) => m.role === 'user');
  assert.deepEqual(told.map((m) => m.content), [...before, text]);
}

const error = (fields) => JSON.stringify({ error: { message: 'as the server says', ...fields } });

// Client errors reach the client unchanged.
const theirs = {
  'a conversation that is too long': [400, { type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' }],
  'a filter': [400, { type: 'invalid_request_error', code: 'content_filter' }],
  'a parameter': [422, { type: 'invalid_request_error', param: 'top_k', code: 'odd' }],
  'a model that is not there': [404, { type: 'invalid_request_error', param: 'model', code: 'model_not_found' }],
  'a limit': [429, { type: 'tokens', code: 'rate_limit_exceeded' }],
};

for (const [name, [status, fields]] of Object.entries(theirs)) {
  for (const stream of [false, true]) {
    test(`${name} is told in the server's words, ${stream ? 'streamed' : 'whole'}`, async () => {
      const [id, first] = [unique('session'), unique('first')];
      await nekod.ask(first, { session_id: id });
      await sim.fault({ call: 'completions', kind: 'status', status, retry_after: 7, body: error(fields) });
      const response = await ask(nekod, id, unique('lost'), { stream });
      const { headers } = response;
      const told = await expectError(response, status, fields.code, fields.type);
      assert.equal(told.message, 'as the server says');
      assert.equal(told.param, fields.param ?? null);
      assert.equal(headers.get('retry-after'), '7');
      assert.equal(headers.get('x-should-retry'), status === 429 ? null : 'false');
      await goesOn(nekod, id, [first]);
    });
  }
}

for (const stream of [false, true]) {
  test(`a limit without a time to wait is told as that, ${stream ? 'streamed' : 'whole'}`, async () => {
    const [id, first] = [unique('session'), unique('first')];
    await nekod.ask(first, { session_id: id });
    await sim.fault({ call: 'completions', kind: 'status', status: 429, body: error({ code: 'busy' }) });
    const response = await ask(nekod, id, unique('lost'), { stream });
    assert.equal(response.headers.get('retry-after'), null);
    assert.equal(response.headers.get('x-should-retry'), null);
    await expectError(response, 429, 'busy');
    await goesOn(nekod, id, [first]);
  });
}

// Other errors: if the server gives a reason, the client gets it; otherwise the error is ours.
const said = { body: error({}) };
const ours = {
  'status 500': [{ kind: 'status', status: 500, ...said }, 500, 'upstream_error'],
  'status 500 without a reason': [{ kind: 'status', status: 500, body: '{}' }, 502, 'upstream_error'],
  'status 503': [{ kind: 'status', status: 503, ...said }, 503, 'upstream_error'],
  'status 503, lastingly': [{ kind: 'status', status: 503, times: 100, ...said }, 503, 'upstream_error'],
  'status 401': [{ kind: 'status', status: 401, ...said }, 502, 'upstream_auth_failed'],
  'status 402': [{ kind: 'status', status: 402, ...said }, 502, 'upstream_auth_failed'],
  'status 403': [{ kind: 'status', status: 403, ...said }, 502, 'upstream_auth_failed'],
  'a wrong address': [{ kind: 'status', status: 404, body: '{"detail":"Not Found"}' }, 502, 'upstream_error'],
  'a reset connection': [{ kind: 'reset' }, 502, 'upstream_error'],
  'a page of HTML': [{ kind: 'html' }, 502, 'upstream_error'],
  'half of a JSON object': [{ kind: 'html', body: '{"choices":[{"index":0,"mess' }, 502, 'upstream_error'],
  silence: [{ kind: 'silent' }, 504, 'upstream_timeout'],
};

for (const [name, [fault, status, code]] of Object.entries(ours)) {
  for (const stream of [false, true]) {
    test(`${name}, ${stream ? 'streamed' : 'whole'}: ${status} ${code}`, async () => {
      const [id, first] = [unique('session'), unique('first')];
      await hasty.ask(first, { session_id: id });
      await sim.fault({ call: 'completions', ...fault });
      const response = await ask(hasty, id, unique('lost'), { stream });
      const told = await expectError(response, status, code);
      assert.equal(told.message === 'as the server says', fault.body === said.body);
      await goesOn(hasty, id, [first]);
    });
  }
}

// Incomplete streams: `checkBrokenStream` requires that both finish reason and `[DONE]` are missing.
const broken = {
  'a stream that is cut': [{ kind: 'cut', after_events: 6 }, 'upstream_error'],
  'a stream that is cut behind its finish reason': [{ kind: 'cut', after_events: 12 }, 'upstream_error'],
  'a stream that stalls': [{ kind: 'stall', after_events: 6 }, 'upstream_timeout'],
  'a stream that stalls behind its finish reason': [{ kind: 'stall', after_events: 12 }, 'upstream_timeout'],
  'an error chunk': [{ kind: 'error_chunk', after_events: 6, body: error({ type: 'server_error' }) }, 'upstream_error'],
  'an error event': [{ kind: 'error_event', after_events: 6 }, 'simulated_fault'],
  'a bare line with an error': [{ kind: 'error_line', after_events: 6, body: error({}) }, 'upstream_error'],
  'a malformed chunk': [{ kind: 'garbage', after_events: 6 }, 'upstream_error'],
  'no finish reason': [{ kind: 'no_finish' }, 'upstream_error'],
};

for (const [name, [fault, code]] of Object.entries(broken)) {
  test(`${name} ends a stream with ${code}`, async () => {
    const [id, first] = [unique('session'), unique('first')];
    await hasty.ask(first, { session_id: id });
    await sim.fault({ call: 'completions', ...fault });
    const stream = await hasty.stream(`[sim tokens=10] ${unique('lost')}`, { session_id: id });
    assert.equal(stream.response.status, 200);
    assert.equal(checkBrokenStream(await stream.rest()).code, code);
    await goesOn(hasty, id, [first]);
  });
}

test('an error chunk that is the client\'s matter keeps its words', async () => {
  const body = error({ code: 'context_length_exceeded', type: 'invalid_request_error' });
  await sim.fault({ call: 'completions', kind: 'error_chunk', after_events: 3, body });
  const stream = await nekod.stream(`[sim tokens=10] ${unique()}`);
  const told = checkBrokenStream(await stream.rest());
  assert.equal(told.code, 'context_length_exceeded');
  assert.equal(told.message, 'as the server says');
  // Before the first chunk it is a status.
  await sim.fault({ call: 'completions', kind: 'error_chunk', body });
  await expectError(await ask(nekod, unique(), unique(), { stream: true }), 400, 'context_length_exceeded');
});

test('a character that comes in halves is told whole, and the conversation has it whole', async () => {
  const [id, text] = [unique('session'), `[sim tokens=10] ${unique('halved')}`];
  await sim.fault({ call: 'completions', kind: 'halved_character', after_events: 6 });
  const stream = await nekod.stream(text, { session_id: id });
  const told = checkStream(await stream.rest()).text;
  assert.match(told, /purr 😺 /);
  const next = unique('next');
  await nekod.ask(next, { session_id: id });
  const { messages } = (await sim.completionOf(next)).body;
  assert.deepEqual(messages.slice(0, 2).map((m) => m.content), [text, told]);
});

test('half a character in a whole answer is told as U+FFFD', async () => {
  const answer = String.raw`{"choices":[{"index":0,"message":{"role":"assistant","content":"purr \ud83d"},"finish_reason":"stop"}]}`;
  await sim.fault({ call: 'completions', kind: 'status', status: 200, body: answer });
  assert.equal((await nekod.ask(unique())).text, 'purr \ufffd');
});

for (const reason of ['content_filter', 'length']) {
  test(`an answer that ended by ${reason} says so, and is part of the conversation`, async () => {
    const [id, first, second] = [0, 1, 2].map(() => unique(reason));
    const ending = (text) => `[sim finish=${reason} tokens=5] ${text}`;
    const { json } = await nekod.ask(ending(first), { session_id: id });
    assert.equal(json.choices[0].finish_reason, reason);
    const stream = await nekod.stream(ending(second), { session_id: id });
    assert.match(await stream.rest(), new RegExp(`"finish_reason":"${reason}"`));
    await goesOn(nekod, id, [ending(first), ending(second)]);
  });
}

test('a whole answer that is cut is none', async () => {
  const [id, first] = [unique('session'), unique('first')];
  await nekod.ask(first, { session_id: id });
  await sim.fault({ call: 'completions', kind: 'cut' });
  await expectError(await ask(nekod, id, unique('lost')), 502, 'upstream_error');
  await goesOn(nekod, id, [first]);
});

test('a whole answer without a finish reason, and a stream without [DONE], are answers', async () => {
  const [id, first, second] = [unique('session'), unique('first'), unique('second')];
  await sim.fault({ call: 'completions', kind: 'no_finish' });
  assert.equal((await nekod.ask(first, { session_id: id })).json.choices[0].finish_reason, 'stop');
  await sim.fault({ call: 'completions', kind: 'no_done' });
  checkStream(await (await nekod.stream(second, { session_id: id })).rest());
  await goesOn(nekod, id, [first, second]);
});

test('a stream that never ends is ended by --answer-timeout', async () => {
  const [id, first, text] = [unique('session'), unique('first'), unique('endless')];
  await hasty.ask(first, { session_id: id });
  const stream = await hasty.stream(`[sim tokens=200000 delay=20] ${text}`, { session_id: id });
  assert.equal(checkBrokenStream(await stream.rest()).code, 'upstream_timeout');
  await sim.completed(text, 'aborted');
  await goesOn(hasty, id, [first]);
});

test('--first-byte-timeout ends the wait for a stream, and none for a whole answer', async (t) => {
  const gate = await gateway(t, [...leadingToOpenai(sim), '--request-timeout', '600', '--first-byte-timeout', '1']);
  await sim.fault({ call: 'completions', kind: 'silent' });
  await expectError(await ask(gate, unique(), unique(), { stream: true }), 504, 'upstream_timeout');
  assert.ok((await gate.ask(`[sim first=1500 tokens=3] ${unique()}`)).text);
});

test('a stream whose first chunk is too late is none, and what comes later is no part of it', async () => {
  const [id, first, text] = [unique('session'), unique('first'), unique('late')];
  await hasty.ask(first, { session_id: id });
  const response = await ask(hasty, id, `[sim first=1500 tokens=5] ${text}`, { stream: true });
  await expectError(response, 504, 'upstream_timeout');
  await sim.completed(text, 'aborted');
  await goesOn(hasty, id, [first]);
});

test('a stream whose first chunk is slow is kept alive until then', async (t) => {
  const patient = await gateway(t, [...leadingToOpenai(sim), '--heartbeat', '0.2']);
  const stream = await patient.stream(`[sim first=1000 tokens=3] ${unique()}`);
  const { text } = checkStream(await stream.rest());
  assert.ok(text);
  assert.match(stream.raw, /^: keep-alive\n/);
});

test('a whole answer may take longer than a stream may be silent', async () => {
  const { text } = await hasty.ask(`[sim first=1500 tokens=3] ${unique()}`);
  assert.ok(text);
});

for (const stream of [false, true]) {
  test(`leaving cancels the answer upstream, ${stream ? 'streamed' : 'whole'}`, async () => {
    const [id, first, text] = [unique('session'), unique('first'), unique('left')];
    await nekod.ask(first, { session_id: id });
    const leaving = new AbortController();
    const body = { session_id: id, stream, messages: [user(`[sim tokens=100000 delay=20] ${text}`)] };
    const answer = nekod.post(body, { signal: leaving.signal }).then((response) => response.text());
    answer.catch(() => {});
    await sim.completed(text, 'streaming');
    leaving.abort();
    await assert.rejects(answer);
    await sim.completed(text, 'aborted');
    await goesOn(nekod, id, [first]);
  });
}

test('a client that does not read pauses the upstream and costs bounded memory', async () => {
  const [id, text] = [unique('session'), unique()];
  await nekod.ask(unique('warm up'));
  const before = nekod.memory();
  const connection = new Connection(nekod.port);
  const body = { stream: true, session_id: id, messages: [user(`[sim tokens=1000000] ${text}`)] };
  await connection.send(rawRequest('POST', '/v1/chat/completions', body));
  // Paused: nekod is idle in many checks, although the answer is not over.
  let [last, still] = [-1, 0];
  await until(async () => {
    assert.notEqual((await sim.completionOf(text))?.state, 'done', 'the whole answer was swallowed');
    still = nekod.ticks() === last ? still + 1 : 0;
    last = nekod.ticks();
    return still >= 50;
  }, 'the upstream is never paused');
  const grown = nekod.memory() - before;
  if (!sanitized) assert.ok(grown < 64, `nekod grew by ${grown} MiB`);
  connection.end();
  await sim.completed(text, 'aborted');
  await goesOn(nekod, id, []);
});

test('turns of one session never overlap upstream', async () => {
  const id = unique('session');
  const texts = Array.from({ length: 5 }, () => unique());
  await Promise.all(texts.map((text) => nekod.ask(`[sim tokens=5 delay=2] ${text}`, { session_id: id })));
  const told = (await sim.completions())
    .map((entry) => entry.body.messages)
    .filter((messages) => texts.some((text) => messages[0].content.includes(text)));
  assert.deepEqual(told.map((messages) => messages.length), [1, 3, 5, 7, 9]);
});
