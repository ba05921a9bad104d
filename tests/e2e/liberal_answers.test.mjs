// An OpenAI-compatible server with valid answers in forms of its own: clients get them in OpenAI's form, and the
// server gets back everything it said. A cut-off answer is a failure.

import assert from 'node:assert/strict';
import http from 'node:http';
import test, { after } from 'node:test';
import zlib from 'node:zlib';
import { eventsOf, respond } from './responding.mjs';
import { dataOf, gateway, unique, until } from './support.mjs';

/// How the server answers: a function of the request's body and of Node's response.
let answer;
const posts = [];

const server = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (bytes) => parts.push(bytes));
  request.on('end', () => {
    if (request.method === 'GET') return response.end('{"data":[{"id":"m"}]}');
    posts.push({ headers: request.headers, ...JSON.parse(Buffer.concat(parts)) });
    return answer(posts.at(-1), response);
  });
});
await new Promise((open) => server.listen(0, '127.0.0.1', open));
after(() => server.closeAllConnections() ?? server.close());

const address = ['--upstream', 'openai', '--openai-url', `http://127.0.0.1:${server.address().port}/v1`];
const nekod = await gateway({ after }, [...address, '--store', 'memory', '--port', '0', '--retries', '0']);

const user = (content) => ({ role: 'user', content });
const json = { 'Content-Type': 'application/json' };
const events = { 'Content-Type': 'text/event-stream' };
const DONE = 'data: [DONE]\n\n';
const chunk = (delta, finish_reason = null) =>
  `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const whole = (message, more = { finish_reason: 'stop' }) =>
  JSON.stringify({ id: 'x', choices: [{ index: 0, message, ...more }] });

/// Makes the server answer with these bytes, whatever the request is.
const says = (headers, ...pieces) => (answer = (_, response) => {
  response.writeHead(200, headers);
  response.end(Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
});

/// Reads a stream like an ordinary client, and fails where such clients fail.
function read(raw) {
  const heard = { content: '', reasoning: '', calls: [], reasons: [], error: undefined, done: false };
  for (const data of dataOf(raw)) {
    if (data === '[DONE]') {
      heard.done = true;
      continue;
    }
    const { choices, error, usage } = JSON.parse(data);
    heard.error ??= error;
    heard.usage ??= usage;
    if (error || (usage && !choices.length)) continue;
    const [{ index, delta, finish_reason }] = choices;
    assert.equal(index, 0);
    heard.role ??= delta.role;
    heard.content += delta.content ?? '';
    heard.reasoning += delta.reasoning_content ?? '';
    for (const { index: at, id, function: called } of delta.tool_calls ?? []) {
      heard.calls[at] ??= { id, name: called.name, arguments: '' };
      heard.calls[at].arguments += called.arguments ?? '';
    }
    if (finish_reason) heard.reasons.push(finish_reason);
  }
  return heard;
}

async function streamed(session_id, text, fields) {
  const response = await nekod.post({ session_id, stream: true, messages: [user(text)], ...fields });
  const raw = await response.text();
  assert.equal(response.status, 200, raw);
  return read(raw);
}

async function asked(session_id, text, fields) {
  const response = await nekod.post({ session_id, messages: [user(text)], ...fields });
  const raw = await response.text();
  assert.equal(response.status, 200, raw);
  return JSON.parse(raw).choices[0];
}

/// What the server is told in the session's next turn.
async function toldNext(session_id, messages = [user('and?')]) {
  says(json, whole({ role: 'assistant', content: 'ok' }));
  const response = await nekod.post({ session_id, messages });
  assert.equal(response.status, 200, await response.text());
  return posts.at(-1).messages;
}

const hello = chunk({ role: 'assistant', content: 'Hel' }) + chunk({ content: 'lo' });
const stop = chunk({}, 'stop');

const forms = {
  'a stream': [events, hello + stop + DONE],
  'a stream without [DONE]': [events, hello + stop],
  'a stream of no type': [{}, hello + stop + DONE],
  'a stream as plain text': [{ 'Content-Type': 'text/plain' }, hello + stop],
  'a stream as JSON': [json, hello + stop + DONE],
  'a stream behind a byte-order mark': [events, `\ufeff${hello}${stop}`],
  'a stream with a reason in each chunk': [events, chunk({ content: 'Hel' }, 'stop') + chunk({ content: 'lo' }, 'stop')],
  'a stream with reasons of "null"': [events, chunk({ content: 'Hel' }, 'null') + chunk({ content: 'lo' }, '') + stop],
  'a stream with signs of life': [events, `${hello}event: ping\ndata: {"type":"ping"}\n\ndata: {}\n\ndata: ping\n\n${stop}`],
  'a whole answer': [json, whole({ role: 'assistant', content: 'Hello' })],
  'a whole answer of no type': [{}, whole({ role: 'assistant', content: 'Hello' })],
  'a whole answer as events': [events, whole({ role: 'assistant', content: 'Hello' })],
  'a whole answer without a role': [json, whole({ content: 'Hello' })],
  'a whole answer without a reason': [json, whole({ role: 'assistant', content: 'Hello' }, {})],
  'a whole answer with a reason of null': [json, whole({ role: 'assistant', content: 'Hello' }, { finish_reason: null })],
  'a whole answer behind a byte-order mark': [json, `\ufeff${whole({ content: 'Hello' })}`],
  'a whole answer before [DONE]': [json, `${whole({ content: 'Hello' })}\n\n${DONE}`],
  'content in parts': [json, whole({ content: [{ type: 'text', text: 'Hel' }, { type: 'text', text: 'lo' }] })],
};

for (const [name, [headers, body]] of Object.entries(forms)) {
  test(`${name} is an answer to any client, and told again`, async () => {
    for (const stream of [true, false]) {
      const [id, text] = [unique('session'), unique()];
      says(headers, body);
      if (stream) {
        const heard = await streamed(id, text);
        assert.deepEqual([heard.role, heard.content, heard.reasons, heard.done], ['assistant', 'Hello', ['stop'], true]);
        assert.equal(heard.error, undefined);
      } else {
        const { message, finish_reason } = await asked(id, text);
        assert.deepEqual([message.role, message.content, finish_reason], ['assistant', 'Hello', 'stop']);
      }
      assert.deepEqual(await toldNext(id), [user(text), { role: 'assistant', content: 'Hello' }, user('and?')]);
    }
  });
}

// As MiniMax ends its streams.
const message = {
  role: 'assistant', content: 'Hello', reasoning_content: 'hm',
  tool_calls: [{ id: 'c', type: 'function', function: { name: 'look', arguments: '{"at":1}' } }],
};
const ends = (more) => `data: ${JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'tool_calls', ...more }] })}\n\n`;
const deltas = chunk({ reasoning_content: 'hm' }) + hello + chunk({ tool_calls: message.tool_calls.map((call) => ({ index: 0, ...call })) });
const repeated = {
  'behind deltas': deltas + ends({}),
  'behind deltas, beside an empty one': deltas + ends({ delta: {} }),
  'alone': ends({}),
  'beside an empty delta': ends({ delta: {} }),
};
for (const [name, body] of Object.entries(repeated)) {
  test(`a message ${name} is heard once at every door, and told again once`, async () => {
    for (const stream of [true, false]) {
      const [id, text] = [unique('session'), unique()];
      says(events, body, DONE);
      if (stream) {
        const { content, reasoning, calls, reasons } = await streamed(id, text);
        assert.deepEqual([content, reasoning, reasons], ['Hello', 'hm', ['tool_calls']]);
        assert.deepEqual(calls, [{ id: 'c', name: 'look', arguments: '{"at":1}' }]);
      } else {
        const { message: got, delta } = await asked(id, text);
        assert.deepEqual([got, delta], [message, undefined]);
      }
      assert.deepEqual((await toldNext(id, [{ role: 'tool', tool_call_id: 'c', content: 'x' }]))[1], message);

      says(events, body, DONE);
      const response = await respond(nekod, { input: text, stream });
      const { output } = stream ? (await eventsOf(response)).at(-1).response : await response.json();
      assert.deepEqual(output.map((item) => item.arguments ?? item.content[0].text), ['hm', 'Hello', '{"at":1}']);
    }
  });
}

test('text goes on at once, whatever reason stands beside it', async () => {
  for (const reason of ['null', 'stop', '']) {
    let next;
    answer = (_, response) => {
      response.writeHead(200, events);
      response.write(chunk({ content: 'first' }, reason));
      next = () => response.end(chunk({ content: 'second' }, reason) + stop);
    };
    const stream = await nekod.stream(unique());
    await stream.seen(/first/);
    next();
    const heard = read(await stream.rest());
    assert.deepEqual([heard.content, heard.reasons, heard.done], ['firstsecond', ['stop'], true]);
  }
});

test('usage goes on in either form, where it was asked for', async () => {
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
  const body = JSON.stringify({ choices: [{ index: 0, message: { content: 'Hello' } }], usage });
  says(json, body);
  assert.deepEqual((await streamed(unique(), 'a', { stream_options: { include_usage: true } })).usage, usage);
  assert.equal((await streamed(unique(), 'b')).usage, undefined);
  says(events, hello, stop, `data: ${JSON.stringify({ choices: [], usage })}\n\n`);
  const response = await nekod.post({ messages: [user('c')] });
  assert.deepEqual((await response.json()).usage, usage);
});

// A cut-off answer is a failure, whatever its form.
const cuts = {
  'a stream behind its reason': [events, hello + stop],
  'a stream behind a reason with text': [events, chunk({ content: 'Hello' }, 'stop')],
  'a whole answer': [json, whole({ content: 'Hello' })],
};
for (const [name, [headers, body]] of Object.entries(cuts)) {
  for (const how of ['chunked', 'length']) {
    test(`${name} that is cut (${how}) is none`, async () => {
      for (const stream of [true, false]) {
        answer = (_, response) => {
          response.writeHead(200, how === 'length' ? { ...headers, 'Content-Length': body.length + 1 } : headers);
          response.write(body, () => response.destroy());
        };
        const id = unique('session');
        const response = await nekod.post({ session_id: id, stream, messages: [user('lost')] });
        const raw = await response.text();
        assert.match(raw, /"upstream_error"/);
        assert.doesNotMatch(raw, /\[DONE\]|"finish_reason":\s*"stop"/);
        assert.deepEqual(await toldNext(id), [user('and?')]);
      }
    });
  }
}

test('an end without any reason is none', async () => {
  for (const body of [hello, hello + DONE, hello + chunk({}, 'null') + DONE, `${hello}data: {"choi`]) {
    says(events, body);
    const heard = await streamed(unique(), 'lost');
    assert.equal(heard.error?.code, 'upstream_error');
    assert.deepEqual(heard.reasons, []);
  }
});

const f = (args) => ({ name: 'look', arguments: args });
const calls = (...pieces) => chunk({ tool_calls: pieces });
const called = {
  'one index for all': [
    calls({ index: 0, id: 'a', type: 'function', function: f('{"at":1}') }) +
      calls({ index: 0, id: 'b', type: 'function', function: f('{"at":2}') }),
    [['a', '{"at":1}'], ['b', '{"at":2}']],
  ],
  'no index, and the id with each piece': [
    calls({ id: 'a', type: 'function', function: f('{"a') }) + calls({ id: 'a', function: { arguments: 't":1}' } }) +
      calls({ id: 'b', function: f('{"at":2}') }),
    [['a', '{"at":1}'], ['b', '{"at":2}']],
  ],
  'no index, and an empty id behind the first piece': [
    calls({ id: 'a', function: f('{"a') }) + calls({ id: '', function: { arguments: 't":1}' } }),
    [['a', '{"at":1}']],
  ],
  'arguments as an object': [calls({ index: 0, id: 'a', type: 'function', function: f({ at: 1 }) }), [['a', '{"at":1}']]],
  'a whole answer': [
    whole({ content: null, tool_calls: [{ id: 'a', function: f({ at: 1 }) }, { id: 'b', function: f('{"at":2}') }] }, {}),
    [['a', '{"at":1}'], ['b', '{"at":2}']],
  ],
};
for (const [name, [body, expected]] of Object.entries(called)) {
  test(`calls of tools are told apart: ${name}`, async () => {
    for (const stream of [true, false]) {
      const id = unique('session');
      says({}, body.startsWith('{') ? body : body + chunk({}, 'tool_calls') + DONE);
      if (stream) {
        const heard = await streamed(id, 'look');
        assert.deepEqual(heard.calls.map((c) => [c.id, c.arguments]), expected);
        assert.deepEqual(heard.reasons, ['tool_calls']);
      } else {
        const { message, finish_reason } = await asked(id, 'look');
        assert.deepEqual(message.tool_calls.map((c) => [c.id, c.function.arguments]), expected);
        assert.equal(finish_reason, 'tool_calls');
      }
      const results = expected.map(([tool_call_id]) => ({ role: 'tool', tool_call_id, content: 'x' }));
      const told = (await toldNext(id, results))[1];
      assert.deepEqual(told.tool_calls.map((c) => [c.id, c.function.arguments]), expected);
      assert.ok(told.tool_calls.every((c) => c.type === 'function'));
    }
  });
}

test('an answer is told again whole: its reasoning, its parts, members that nobody knows', async () => {
  const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] };
  const cases = [
    [
      chunk({ reasoning_content: 'Fi', reasoning_details: [{ type: 'a' }] }) +
        chunk({ reasoning_content: 'rst', reasoning_details: [{ type: 'b' }], odd: { x: [1] } }) + chunk({ content: 'Rain.' }),
      { role: 'assistant', content: 'Rain.', reasoning_content: 'First', reasoning_details: [{ type: 'a' }, { type: 'b' }], odd: { x: [1] } },
      'First',
      'Rain.',
    ],
    [
      chunk({ content: [thinking] }) + chunk({ content: [{ type: 'text', text: 'It is ' }] }) + chunk({ content: '4' }),
      { role: 'assistant', content: [thinking, { type: 'text', text: 'It is 4' }] },
      'hm',
      'It is 4',
    ],
    [
      whole({ role: 'assistant', content: 'Rain.', reasoning_content: 'First', odd: 1 }),
      { role: 'assistant', content: 'Rain.', reasoning_content: 'First', odd: 1 },
      'First',
      'Rain.',
    ],
  ];
  for (const [body, kept, reasoning, content] of cases) {
    for (const stream of [true, false]) {
      const id = unique('session');
      says({}, body.startsWith('{') ? body : body + stop);
      const heard = stream ? await streamed(id, 'a') : (await asked(id, 'a')).message;
      assert.equal(heard.content, content);
      assert.equal(stream ? heard.reasoning : heard.reasoning_content, reasoning);
      assert.deepEqual(await toldNext(id), [user('a'), kept, user('and?')]);
      // A client that sends back what it got continues in the same session.
      const again = [user('a'), { role: 'assistant', content }, user('and?'), { role: 'assistant', content: 'ok' }, user('so?')];
      assert.deepEqual((await toldNext(id, again)).slice(-1), [user('so?')]);
    }
  }
});

test('numbers that JSON does not have are null', async () => {
  const odd = '"logprobs":{"content":[{"token":"x","logprob":-Infinity}]},';
  says(json, `{"choices":[{"index":0,"message":{"content":"Hello"},${odd}"finish_reason":"stop"}]}`);
  assert.equal((await asked(unique(), 'a')).logprobs.content[0].logprob, null);
  says(events, `data: {"choices":[{"index":0,"delta":{"content":"Hello"},${odd}"finish_reason":null}]}\n\n${stop}`);
  assert.equal((await streamed(unique(), 'a')).content, 'Hello');
  assert.equal((await asked(unique(), 'a')).logprobs.content[0].logprob, null);
});

// Compressed answers that nobody asked for.
const codings = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, br: zlib.brotliCompressSync };
if (zlib.zstdCompressSync) codings.zstd = zlib.zstdCompressSync;
for (const [coding, compress] of Object.entries(codings)) {
  test(`${coding} is decoded`, async () => {
    const coded = { ...json, 'Content-Encoding': coding };
    says(coded, compress(whole({ content: 'Hello' })));
    assert.equal((await asked(unique(), 'a')).message.content, 'Hello');
    assert.equal(posts.at(-1).headers['accept-encoding'], 'identity');
    const text = 'Hello '.repeat(200_000);
    says({ ...events, 'Content-Encoding': coding }, compress(chunk({ content: text }) + stop));
    assert.equal((await streamed(unique(), 'a')).content, text);
    answer = (_, response) => response.writeHead(400, coded).end(compress('{"error":{"message":"no tokens"}}'));
    const refused = await nekod.post({ messages: [user('a')] });
    assert.equal((await refused.json()).error.message, 'no tokens');
  });

  test(`${coding} that becomes more than an answer may be is an error`, async () => {
    const bomb = compress(Buffer.alloc(200 << 20, ' '));
    await nekod.post({ messages: [user('warm up')] }).then((response) => response.text());
    const before = nekod.memory();
    for (const status of [200, 400]) {
      answer = (_, response) => response.writeHead(status, { ...json, 'Content-Encoding': coding }).end(bomb);
      const response = await nekod.post({ messages: [user('a')] });
      const { error } = await response.json();
      assert.equal(response.status, 502);
      assert.match(error.message, /long|长|too|过/);
    }
    assert.ok(nekod.memory() - before < 150, `nekod grew by ${nekod.memory() - before} MiB`);
  });
}

test('a client that does not read pauses a compressed stream, which then comes whole', async () => {
  const piece = chunk({ content: 'x'.repeat(1000) });
  says({ ...events, 'Content-Encoding': 'gzip' }, zlib.gzipSync(piece.repeat(12_000) + stop));
  const before = await nekod.figure('nekod_credit_stalls_total');
  const stream = await nekod.stream(unique());
  await until(async () => (await nekod.figure('nekod_credit_stalls_total')) > before, 'the upstream is never paused');
  const heard = read(await stream.rest());
  assert.equal(heard.content.length, 12_000_000);
  assert.deepEqual(heard.reasons, ['stop']);
});

test('a coding that nobody knows is named', async () => {
  says({ ...json, 'Content-Encoding': 'pack200' }, 'xyz');
  const response = await nekod.post({ messages: [user('a')] });
  assert.equal(response.status, 502);
  assert.match((await response.json()).error.message, /pack200/);
});

const failures = {
  'a list': [[{ error: { code: 400, message: 'no field foo', status: 'INVALID_ARGUMENT' } }], { message: 'no field foo', status: 'INVALID_ARGUMENT' }],
  "FastAPI's detail": [{ detail: [{ loc: ['body', 'top_k'], msg: 'must be an integer', type: 'int' }] }, { message: 'top_k: must be an integer', param: 'top_k' }],
  errors: [{ errors: [{ message: 'must be an integer' }] }, { message: 'must be an integer' }],
  'further members': [
    { error: { message: 'too long', type: 'exceed_context_size_error', n_ctx: 8, n_prompt_tokens: 9 } },
    { message: 'too long', n_ctx: 8, n_prompt_tokens: 9, code: 'context_length_exceeded' },
  ],
  'plain text': ['no such thing\n', { message: 'no such thing' }],
};
for (const [name, [body, expected]] of Object.entries(failures)) {
  test(`a failure keeps its words: ${name}`, async () => {
    const bytes = typeof body === 'string' ? body : JSON.stringify(body);
    for (const stream of [true, false]) {
      answer = (_, response) => response.writeHead(400, json).end(bytes);
      const response = await nekod.post({ stream, messages: [user('a')] });
      const { error } = await response.json();
      assert.equal(response.status, 400);
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(error[key], value);
    }
  });
}

test('a byte that is no character costs an answer nothing else', async () => {
  const bytes = Buffer.concat([Buffer.from('purr '), Buffer.from([0xff]), Buffer.from(' on')]).toString('latin1');
  for (const stream of [true, false]) {
    const text = stream ? chunk({ content: bytes }) + chunk({}, 'stop') + DONE : whole({ content: bytes }, {});
    const type = stream ? 'text/event-stream' : 'application/json';
    answer = (_, response) => response.writeHead(200, { 'Content-Type': type }).end(Buffer.from(text, 'latin1'));
    const id = unique('session');
    const told = stream ? (await streamed(id, 'a')).content : (await asked(id, 'a')).message.content;
    assert.equal(told, 'purr \ufffd on');
    assert.equal((await toldNext(id, [user('b')]))[1].content, 'purr \ufffd on');
  }
});

test('a server that breaks is quoted, whatever form its words have', async () => {
  for (const [status, body] of [[500, 'CUDA out of memory'], [503, 'the GPU fell off the bus'], [501, '"not here"']]) {
    answer = (_, response) => response.writeHead(status, { 'Content-Type': 'text/plain' }).end(body);
    const response = await nekod.post({ messages: [user('a')] });
    assert.equal(response.status, status);
    assert.equal((await response.json()).error.message, body.replaceAll('"', ''));
  }
  answer = (_, response) => response.writeHead(404, { 'Content-Type': 'text/plain' }).end('404 page not found');
  const response = await nekod.post({ messages: [user('a')] });
  assert.equal(response.status, 502);
  assert.match((await response.json()).error.message, /upstream status 404: 404 page not found/);
});
