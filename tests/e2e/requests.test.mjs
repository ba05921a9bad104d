// Requests that must be refused: the status, code, field and text of each.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Connection, expectError, gateway, leadingTo, rawRequest, simulator, until } from './support.mjs';

const limit = 100_000;
const sim = await simulator({ after });
const nekod = await gateway({ after }, [...leadingTo(sim), '--max-content-length', `${limit}`]);

const user = { role: 'user', content: 'hello' };
const chat = (fields) => ({ model: 'mihoyo-orange_cat', messages: [user], ...fields });
const parts = (...content) => chat({ messages: [{ role: 'user', content }] });
const deep = (depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

// name: [body, code, param or a pattern for it]
const refused = {
  'no body': ['', 'empty_body', null],
  'no JSON': ['{"model":', 'invalid_json', null],
  'JSON with something behind it': ['{"messages":[]} x', 'invalid_json', null],
  'an array': ['[]', 'invalid_type', null],
  'a string': ['"hello"', 'invalid_type', null],
  'bytes that are not UTF-8': [
    Buffer.concat([
      Buffer.from('{"messages":[{"role":"user","content":"'),
      Buffer.from([0xff, 0xc3, 0x28]),
      Buffer.from('"}]}'),
    ]),
    'invalid_encoding',
    null,
  ],
  'half a surrogate pair': [
    '{"messages":[{"role":"user","content":"\\ud83d"}]}',
    'invalid_encoding',
    null,
  ],
  'nesting without end': [
    `{"messages":[{"role":"user","content":"x"}],"x":${deep(20_000)}}`,
    'nesting_too_deep',
    null,
  ],
  'no messages field': [{ model: 'm' }, 'missing_required_parameter', 'messages'],
  'messages of a wrong type': [chat({ messages: 'hello' }), 'invalid_type', 'messages'],
  'no messages in the list': [chat({ messages: [] }), 'empty_messages', 'messages'],
  'a message that is no object': [chat({ messages: ['hi'] }), 'invalid_type', 'messages[0]'],
  'a message without a role': [
    chat({ messages: [{ content: 'hi' }] }),
    'missing_required_parameter',
    'messages[0].role',
  ],
  'a role that nobody knows': [
    chat({ messages: [user, { role: 'cat', content: 'meow' }] }),
    'invalid_value',
    'messages[1].role',
  ],
  'content of a wrong type': [
    chat({ messages: [{ role: 'user', content: 7 }] }),
    'invalid_type',
    'messages[0].content',
  ],
  'no user message': [
    chat({ messages: [{ role: 'system', content: 'be kind' }] }),
    'no_user_message',
    'messages',
  ],
  'a model of a wrong type': [chat({ model: 7 }), 'invalid_type', 'model'],
  'a stream flag of a wrong type': [chat({ stream: 'yes' }), 'invalid_type', 'stream'],
  'a temperature that is no number': [chat({ temperature: 'hot' }), 'invalid_type', 'temperature'],
  'a temperature out of range': [chat({ temperature: 2.5 }), 'invalid_value', 'temperature'],
  'a negative max_tokens': [chat({ max_tokens: -1 }), 'invalid_value', 'max_tokens'],
  'a fraction for n': [chat({ n: 1.5 }), 'invalid_type', 'n'],
  'five stop texts': [chat({ stop: ['a', 'b', 'c', 'd', 'e'] }), 'invalid_value', 'stop'],
  'a session_id with a space': [chat({ session_id: 'a b' }), 'invalid_session_id', 'session_id'],
  'a session_id that is too long': [
    chat({ session_id: 'x'.repeat(129) }),
    'invalid_session_id',
    'session_id',
  ],
  tools: [
    chat({ tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] }),
    'unsupported_parameter',
    'tools',
  ],
  'an image': [
    parts({ type: 'text', text: 'what is it?' }, { type: 'image_url', image_url: { url: 'data:,' } }),
    'unsupported_parameter',
    'messages[0].content[1]',
  ],
  audio: [
    parts({ type: 'text', text: '?' }, { type: 'input_audio', input_audio: { data: '', format: 'wav' } }),
    'unsupported_parameter',
    'messages[0].content[1]',
  ],
  'answers in audio': [
    chat({ modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } }),
    'unsupported_parameter',
    /^(modalities|audio)$/,
  ],
  'a JSON schema for the answer': [
    chat({ response_format: { type: 'json_schema', json_schema: { name: 's', schema: {} } } }),
    'unsupported_parameter',
    'response_format',
  ],
};

for (const [name, [body, code, param]] of Object.entries(refused)) {
  test(`refused: ${name}`, async () => {
    const error = await expectError(await nekod.post(body), 400, code, 'invalid_request_error');
    if (param instanceof RegExp) assert.match(error.param, param);
    else assert.equal(error.param, param);
  });
}

test('refusals ask no client to try again', async () => {
  const response = await nekod.post('');
  assert.equal(response.headers.get('x-should-retry'), 'false');
  assert.ok(response.headers.get('x-request-id'));
});

test("the manual's texts stand in the errors", async () => {
  const texts = [
    ['', '请求体不能为空'],
    [chat({ messages: [] }), 'messages 不能为空'],
    [chat({ messages: [{ role: 'assistant', content: 'hi' }] }), '未找到用户消息'],
  ];
  for (const [body, text] of texts) {
    const error = await expectError(await nekod.post(body), 400);
    assert.equal(error.message, text);
  }
});

test('a bad X-Nekod-Session is refused like a bad session_id, and no X-Session-Id is', async () => {
  const response = await nekod.post(chat({}), { headers: { 'X-Nekod-Session': 'a/b' } });
  assert.equal((await expectError(response, 400, 'invalid_session_id')).param, 'X-Nekod-Session');
  assert.equal((await nekod.post(chat({}), { headers: { 'X-Session-Id': 'a/b' } })).status, 200);
});

test('a compressed body is refused by the field that tells of it', async () => {
  const body = gzipSync(JSON.stringify(chat({})));
  for (const coding of ['gzip', 'br', 'zstd', 'GZIP', 'x-unknown', 'identity, gzip']) {
    const response = await nekod.post(body, { headers: { 'Content-Encoding': coding } });
    assert.equal(response.headers.get('accept-encoding'), 'identity');
    assert.equal(response.headers.get('x-should-retry'), 'false');
    const error = await expectError(response, 415, 'unsupported_media_type');
    assert.equal(error.param, 'Content-Encoding');
  }
  for (const coding of ['identity', 'Identity', ''])
    assert.equal((await nekod.post(chat({}), { headers: { 'Content-Encoding': coding } })).status, 200);
  // A long body is not even read.
  const long = new Connection(nekod.port).reading();
  await long.send(rawRequest('POST', '/v1/chat/completions', '', { 'Content-Encoding': 'gzip', 'Content-Length': 100_000 }));
  await long.seen(/^HTTP\/1\.1 415 [^]*Accept-Encoding: identity/);
  long.end();
});

test('more messages than --transcript-messages are refused unread', async (t) => {
  const narrow = await gateway(t, [...leadingTo(await simulator(t)), '--transcript-messages', '3']);
  const said = (count) => narrow.post(chat({ messages: Array(count).fill(user) }));
  assert.equal((await said(3)).status, 200);
  assert.equal((await expectError(await said(4), 413, 'conversation_too_large')).param, 'messages');
});

test('a stream that is refused is answered as JSON', async () => {
  const response = await nekod.post(chat({ stream: true, messages: [] }));
  await expectError(response, 400, 'empty_messages');
});

test('a body over the limit is answered 413', async () => {
  const large = chat({ messages: [{ role: 'user', content: 'x'.repeat(limit) }] });
  const error = await expectError(await nekod.post(large), 413, 'content_too_large');
  assert.equal(error.type, 'invalid_request_error');
  const fits = chat({ messages: [{ role: 'user', content: 'x'.repeat(limit - 200) }] });
  assert.equal((await nekod.post(fits)).status, 200);
});

test('a body far over the limit takes no memory and leaves the gateway well', async () => {
  const connection = new Connection(nekod.port).reading();
  const head = rawRequest('POST', '/v1/chat/completions', '', {
    'Content-Type': 'application/json',
    'Content-Length': 10_000_000_000,
  });
  await connection.send(head);
  connection.socket.write(Buffer.alloc(1_000_000));
  await until(() => connection.closed || connection.text.includes('413'), 'the body is read on');
  connection.end();
  assert.equal((await nekod.post(chat({}))).status, 200);
});

test('what is no HTTP closes its connection and harms nobody', async () => {
  for (const bytes of ['\0\0\0\0', 'HELLO\r\n\r\n', 'GET /health HTTP/1.1\r\nBad Header\r\n\r\n']) {
    const connection = new Connection(nekod.port).reading();
    await connection.send(bytes);
    connection.socket.end();
    await new Promise((done) => connection.socket.once('close', done));
  }
  assert.equal((await fetch(`${nekod.url}/health`)).status, 200);
});

test('nothing refused has reached the upstream', async () => {
  const { calls, messages } = await sim.report();
  assert.equal(messages, calls.stream);
  const texts = (await sim.chats()).flatMap((entry) => entry.messages.map((m) => m.text));
  for (const text of texts) assert.match(text, /^(hello|x+)$/);
});

test('--language en gives English texts', async (t) => {
  const english = await gateway(t, [...leadingTo(sim), '--language', 'en']);
  for (const body of ['', chat({ messages: [] }), chat({ temperature: 9 })]) {
    const error = await expectError(await english.post(body), 400);
    assert.match(error.message, /^[\x20-\x7e]+$/);
  }
});
