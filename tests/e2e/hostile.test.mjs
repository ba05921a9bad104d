// Malicious HTTP: each request gets an error or is cut, reaches no upstream, costs bounded memory, and leaves the
// gateway as good as before.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { Connection, addKey, checkError, checkStream, gateway, leadingTo, pair, rawRequest, sanitized, temporaryFolder, unique, until } from './support.mjs';

const { sim, nekod } = await pair({ after }, { nekod: ['--max-streams', '1000'] });

const chat = (text, fields = {}) => ({ messages: [{ role: 'user', content: text }], ...fields });
const post = (...lines) =>
  ['POST /v1/chat/completions HTTP/1.1', 'Host: x', 'Content-Type: application/json', ...lines, '', ''].join('\r\n');
const get = (...lines) => ['GET /health HTTP/1.1', 'Host: x', ...lines, '', ''].join('\r\n');

/// The answers on a connection: status, header and body of each.
function answersOf(text) {
  return text.split(/(?=HTTP\/1\.[01] \d{3} )/).map((answer) => {
    const [head, ...rest] = answer.split('\r\n\r\n');
    return { status: Number(head.slice(9, 12)), head, body: rest.join('\r\n\r\n') };
  });
}

/// Sends *bytes*, and returns the answers once the connection has closed.
async function sent(bytes, to = nekod) {
  const connection = new Connection(to.port).reading();
  connection.socket.write(bytes);
  await until(() => connection.closed, `the connection stays open behind ${JSON.stringify(String(bytes).slice(0, 200))}`);
  return answersOf(connection.text);
}

function checkAnswer({ status, head, body }, wanted, code) {
  assert.equal(status, wanted, head);
  assert.match(head, /\r\nContent-Type: application\/json(\r\n|$)/i);
  assert.equal(checkError(JSON.parse(body)).code, code);
}

/// A normal request works, and memory is where it was, within *room* MiB.
let settled;
async function isWell(room = 48, who = nekod) {
  const text = unique('well');
  assert.ok((await who.ask(text)).text.includes(text));
  if (sanitized || who !== nekod) return;
  settled ??= who.memory();
  await until(() => who.memory() < settled + room, `${who.memory()} MiB, from ${settled}`);
}

const body = (text) => JSON.stringify(chat(text));
const smuggled = unique('smuggled');
/// A second parser might take this for a request of its own.
const inner = post(`Content-Length: ${body(smuggled).length}`) + body(smuggled);

const lengths = (value) => post(`Content-Length: ${value}`) + inner;
const coded = (...lines) => post(...lines) + `0\r\n\r\n${inner}`;
const chunked = (rest) => post('Transfer-Encoding: chunked') + rest + inner;
const malformed = {
  'a length and chunks': coded('Content-Length: 4', 'Transfer-Encoding: chunked'),
  'chunks and a length': coded('Transfer-Encoding: chunked', 'Content-Length: 4'),
  'two lengths': post('Content-Length: 0', `Content-Length: ${inner.length}`) + inner,
  'two equal lengths': post('Content-Length: 2', 'Content-Length: 2') + '{}',
  'a list of lengths': lengths('2, 2'),
  'a length with a sign': lengths('+2'),
  'a negative length': lengths('-1'),
  'a length in hexadecimal': lengths('0x2'),
  'a length in two words': lengths('2 2'),
  'no length': lengths(''),
  'a length past 64 bits': lengths('18446744073709551618'),
  'another coding': coded('Transfer-Encoding: gzip'),
  'a word that ends like chunked': coded('Transfer-Encoding: xchunked'),
  'two codings': coded('Transfer-Encoding: chunked, identity'),
  'identity ahead of chunked': coded('Transfer-Encoding: identity, chunked'),
  'chunked in quotes': coded('Transfer-Encoding: "chunked"'),
  'chunked twice': coded('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
  'a vertical tab ahead of chunked': coded('Transfer-Encoding: \vchunked'),
  'a NUL behind chunked': coded('Transfer-Encoding: chunked\0'),
  'a blank ahead of the colon': coded('Transfer-Encoding : chunked'),
  'a blank ahead of the colon of a length': post('Content-Length : 2') + '{}',
  'chunks in HTTP/1.0': coded('Transfer-Encoding: chunked').replace('HTTP/1.1', 'HTTP/1.0'),
  'a folded field': get('X-Folded: one', ' two'),
  'a folded coding': coded('Transfer-Encoding:', ' chunked'),
  'a first field that begins with a blank': 'GET /health HTTP/1.1\r\n Host: x\r\n\r\n',
  'line feeds alone': get().replaceAll('\r\n', '\n'),
  'one line feed alone': get('X-A: b\nX-B: c'),
  'a carriage return inside a value': get('X-A: b\rX-B: c'),
  'a carriage return behind a value': get('X-A: b\r'),
  'a NUL in a name': get('X-\0A: b'),
  'a NUL in a value': get('X-A: b\0c'),
  'a NUL in the target': get().replace('/health', '/hea\0lth'),
  'a NUL in the method': get().replace('GET', 'G\0T'),
  'a NUL first': `\0${get()}`,
  'a field without a colon': get('X-A'),
  'a field without a name': get(': b'),
  'a name with a bracket': get('X(A): b'),
  'no host': 'GET /health HTTP/1.1\r\n\r\n',
  'two hosts': get('Host: y'),
  'no target': get().replace(' /health', ''),
  'a target in two words': get().replace('/health', '/hea lth'),
  'no version': get().replace(' HTTP/1.1', ''),
  'another version': get().replace('HTTP/1.1', 'HTTP/2.0'),
  'a version that goes on': get().replace('HTTP/1.1', 'HTTP/1.10'),
  'a version in small letters': get().replace('HTTP/1.1', 'http/1.1'),
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'a greeting of TLS': Buffer.from('16030100c4010000c00303', 'hex'),
  'a chunk size that is no number': chunked('zz\r\n'),
  'a chunk size with a sign': chunked('+2\r\n{}\r\n0\r\n\r\n'),
  'a negative chunk size': chunked('-2\r\n'),
  'a chunk size with its prefix': chunked('0x2\r\n{}\r\n0\r\n\r\n'),
  'a blank ahead of a chunk size': chunked(' 2\r\n{}\r\n0\r\n\r\n'),
  'a blank behind a chunk size': chunked('2 \r\n{}\r\n0\r\n\r\n'),
  'a chunk size past 64 bits': chunked('10000000000000002\r\n{}\r\n0\r\n\r\n'),
  'no chunk size': chunked('\r\n'),
  'a chunk longer than its size': chunked('1\r\n{}\r\n0\r\n\r\n'),
  'a chunk shorter than its size': chunked('9\r\n{}\r\n0\r\n\r\nGET'),
  'a chunk that ends in a line feed': chunked('2\r\n{}\n0\r\n\r\n'),
  'a chunk size that ends in a line feed': chunked('2\n{}\r\n0\r\n\r\n'),
  'a control character in an extension': chunked('2;a=\0\r\n{}\r\n0\r\n\r\n'),
  'an extension that is long': chunked(`2;a=${'b'.repeat(4000)}\r\n{}\r\n0\r\n\r\n`),
  'a trailer that ends in line feeds': chunked('2\r\n{}\r\n0\r\nX-A: b\n\n'),
  'a trailer that is long': chunked(`2\r\n{}\r\n0\r\n${'X-A: b\r\n'.repeat(2000)}\r\n`),
};

for (const [name, bytes] of Object.entries(malformed)) {
  test(`${name}: one answer, 400, and the connection is over`, async () => {
    const answers = await sent(bytes);
    assert.equal(answers.length, 1, JSON.stringify(answers));
    checkAnswer(answers[0], 400, 'malformed_request');
    assert.match(answers[0].head, /\r\nConnection: close(\r\n|$)/i);
  });
}

test('nothing of that reached the upstream, and the gateway is well', async () => {
  assert.equal(await sim.chatWith(smuggled), undefined);
  await isWell();
});

test('what is unusual but clear is taken', async () => {
  const text = unique('chunks');
  const bytes = Buffer.from(body(text));
  const pieces = [...bytes].map((byte) => `1;of=one\r\n${String.fromCharCode(byte)}\r\n`).join('');
  const clear = {
    'empty lines ahead': `\r\n\r\n${get('Connection: close')}`,
    'blanks around a value': get('Connection: \t close \t '),
    'no value': get('X-A:', 'Connection: close'),
    'another alphabet': get('X-A: 你好', 'Connection: close'),
    'the absolute form': get('Connection: close').replace('/health', 'http://x/health'),
    'a word of another protocol': get('Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings, close', 'HTTP2-Settings: x'),
    'chunks of one byte, and a trailer': `${post('Transfer-Encoding: Chunked', 'Connection: close')}${pieces}000\r\nX-A: b\r\n\r\n`,
  };
  for (const [name, sentBytes] of Object.entries(clear)) {
    const answers = await sent(sentBytes);
    assert.deepEqual(answers.map((answer) => answer.status), [200], name);
  }
  assert.ok(await sim.chatWith(text));
  await isWell();
});

test('a head that is long, or never ends, is answered 431', async () => {
  const shapes = [
    get(`X-Long: ${'x'.repeat(60_000)}`, 'Connection: close'),
    get(`X-Long: ${'x'.repeat(300_000)}`),
    get(...Array.from({ length: 20_000 }, (_, i) => `X-${i}: y`)),
    `GET /health HTTP/1.1\r\nX-Long: ${'x'.repeat(200_000)}`,
  ];
  for (const bytes of shapes) {
    const answers = await sent(bytes);
    assert.equal(answers.length, 1);
    checkAnswer(answers[0], 431, 'header_too_large');
  }
  const [far] = await sent(get('Connection: close').replace('/health', `/${'x'.repeat(70_000)}`));
  checkAnswer(far, 414, 'uri_too_long');
  await isWell();
});

test('a body that is too long is answered 413 before any of it is sent', async () => {
  for (const length of [20 << 20, '9'.repeat(18)])
    checkAnswer((await sent(post(`Content-Length: ${length}`)))[0], 413, 'content_too_large');
  await isWell();
});

test('a long body of nobody known is answered 401 before it is sent, and so are others in vain', async (t) => {
  const file = join(temporaryFolder(t), 'keys');
  const key = addKey(file, 'alice');
  const keyed = await gateway(t, [...leadingTo(sim), '--api-keys', file]);
  const announced = ['Content-Length: 1000000'];
  checkAnswer((await sent(post(...announced), keyed))[0], 401, 'invalid_api_key');
  checkAnswer((await sent(post(...announced, 'Authorization: Bearer wrong'), keyed))[0], 401, 'invalid_api_key');
  checkAnswer((await sent(post(...announced).replace('completions', 'nothing'), keyed))[0], 404, 'not_found');
  const known = `Authorization: Bearer ${key}`;
  checkAnswer((await sent(post(...announced, known).replace('POST', 'PUT'), keyed))[0], 405, 'method_not_allowed');
  const chunk = `${(70_000).toString(16)}\r\n`;
  checkAnswer((await sent(post('Transfer-Encoding: chunked') + chunk, keyed))[0], 401, 'invalid_api_key');
  // With a key the whole body is read.
  const text = unique('long');
  const long = body(`${text} ${'x'.repeat(900_000)}`);
  const answered = await keyed.post(long, { headers: { 'X-Api-Key': key } });
  assert.equal(answered.status, 200);
  await answered.text();
  assert.ok(await sim.chatWith(text));
});

test('endless chunks are answered 413, also to a client that goes on sending', async () => {
  const connection = new Connection(nekod.port).reading();
  connection.socket.write(post('Transfer-Encoding: chunked'));
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000, 'x'), Buffer.from('\r\n')]);
  let sentBytes = 0;
  while (!connection.text && !connection.closed) {
    sentBytes += chunk.length;
    assert.ok(sentBytes < 64 << 20, 'it is read on and on');
    connection.socket.write(chunk);
    await until(() => !connection.socket.writableNeedDrain || connection.closed || connection.text, 'it is not read');
  }
  await connection.seen(/413[^]*content_too_large/);
  connection.end();
  await isWell();
});

test('bodies that are announced and do not come cost little', async () => {
  const connections = Array.from({ length: 500 }, () => new Connection(nekod.port));
  await Promise.all(connections.map((connection) => connection.send(post(`Content-Length: ${15 << 20}`))));
  await isWell(64);
  connections.forEach((connection) => connection.end());
  await isWell();
});

test('who expects to be told to go on is told so, unless it is in vain', async () => {
  const text = unique('expected');
  const connection = new Connection(nekod.port).reading();
  await connection.send(post('Expect: 100-continue', 'Connection: close', `Content-Length: ${body(text).length}`));
  await connection.seen(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  await connection.send(body(text));
  await connection.seen(/HTTP\/1\.1 200 OK[^]*"finish_reason":"stop"/);
  const [refused] = await sent(post('Expect: 100-continue', `Content-Length: ${20 << 20}`));
  checkAnswer(refused, 413, 'content_too_large');
  await isWell();
});

test('a hundred requests in one segment get a hundred answers, in order', async () => {
  const texts = Array.from({ length: 100 }, () => unique());
  const request = (text, i) => {
    const last = i === texts.length - 1 ? { Connection: 'close' } : {};
    if (i % 3) return rawRequest('GET', i % 3 === 1 ? '/health' : `/v1/models/${text}`, '', last);
    return rawRequest('POST', '/v1/chat/completions', chat(text, { stream: i % 2 === 1 }), last);
  };
  const answers = await sent(Buffer.concat(texts.map(request)));
  assert.equal(answers.length, texts.length);
  answers.forEach(({ status, body: got }, i) => {
    assert.equal(status, i % 3 === 2 ? 404 : 200, `${i}: ${got}`);
    if (i % 6 === 0) assert.ok(got.includes(texts[i]), `${i}: ${got}`);
    if (i % 6 === 3) assert.ok(got.includes('[DONE]'), `${i}: ${got}`);
  });
  await isWell();
});

test('what comes behind a running stream waits for its end, up to a limit', async () => {
  const text = unique('stream');
  const connection = new Connection(nekod.port).reading();
  const running = rawRequest('POST', '/v1/chat/completions', chat(`[sim tokens=100 delay=5] ${text}`, { stream: true }));
  connection.socket.write(Buffer.concat([running, Buffer.from(get().repeat(2000)), Buffer.from(get('Connection: close'))]));
  await until(() => connection.closed, 'no end');
  const answers = answersOf(connection.text);
  assert.equal(answers.length, 2002);
  assert.ok(answers[0].body.includes('[DONE]'));
  assert.ok(answers.slice(1).every(({ status }) => status === 200));
  await isWell();
});

test('a client of HTTP/1.0 gets no chunks', async () => {
  const text = unique('old');
  const old = (bytes) => Buffer.from(String(bytes).replace('HTTP/1.1', 'HTTP/1.0'));
  const [stream] = await sent(old(rawRequest('POST', '/v1/chat/completions', chat(text, { stream: true }))));
  assert.equal(stream.status, 200);
  assert.doesNotMatch(stream.head, /transfer-encoding|content-length/i);
  assert.match(stream.head, /\r\nConnection: close/i);
  assert.ok(checkStream(stream.body).text.includes(text));
  const [whole] = await sent(old(rawRequest('POST', '/v1/chat/completions', chat(text))));
  assert.match(whole.head, /\r\nContent-Length: \d+/i);
  assert.doesNotMatch(whole.head, /transfer-encoding/i);
  assert.ok(JSON.parse(whole.body).choices[0].message.content.includes(text));
  // An HTTP/1.0 connection may be kept alive if its client asks for that.
  const kept = new Connection(nekod.port).reading();
  for (const times of [1, 2]) {
    kept.socket.write(old(get('Connection: keep-alive')));
    await until(() => answersOf(kept.text).filter(({ status }) => status === 200).length === times, 'no answer');
  }
  kept.end();
  await isWell();
});

test('a request that comes a byte at a time is answered', async () => {
  const text = unique('slowly');
  const connection = new Connection(nekod.port).reading();
  for (const byte of rawRequest('POST', '/v1/chat/completions', chat(text), { Connection: 'close' })) {
    await connection.send(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  await until(() => connection.closed, 'no end');
  assert.match(connection.text, /^HTTP\/1\.1 200 /);
  assert.ok(connection.text.includes(text));
  await isWell();
});

test('sockets that are half closed, at any time, leave nothing behind', async () => {
  const whole = rawRequest('POST', '/v1/chat/completions', chat('[sim tokens=1000 delay=20]', { stream: true }));
  const [answered] = await new Promise((done) => {
    const connection = new Connection(nekod.port).reading();
    connection.socket.end(get(), () => {});
    connection.socket.on('close', () => done(answersOf(connection.text)));
  });
  assert.equal(answered.status, 200);
  for (let cut = 0; cut <= whole.length; cut += 16) {
    const connection = new Connection(nekod.port).reading();
    connection.socket.end(whole.subarray(0, cut));
    await until(() => connection.closed, `the connection stays open after ${cut} bytes`);
  }
  await sim.quiet();
  // The one that asks for it counts.
  await until(async () => (await nekod.figure('nekod_open_requests')) === 1, 'requests stay open');
  await isWell();
});

test('JSON that nobody would send has an answer', async () => {
  const around = (value) => `{"messages":[{"role":"user","content":"x"}],"temperature":${value}}`;
  const refused = {
    '100,000 levels of arrays': ['['.repeat(100_000) + ']'.repeat(100_000), 'nesting_too_deep'],
    '100,000 levels of objects': ['{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000), 'nesting_too_deep'],
    'levels inside a parameter': [around('['.repeat(100_000) + ']'.repeat(100_000)), 'nesting_too_deep'],
    'levels that never close': ['['.repeat(100_000), undefined],
    'no UTF-8': [Buffer.from([...Buffer.from('{"messages":[{"role":"user","content":"'), 0xff, 0xc0, 0x80, ...Buffer.from('"}]}')]), 'invalid_encoding'],
    'half a surrogate pair': ['{"messages":[{"role":"user","content":"\\ud800"}]}', 'invalid_encoding'],
    'the other half': ['{"messages":[{"role":"user","content":"\\udc00 x"}]}', 'invalid_encoding'],
    'a surrogate in UTF-8': [Buffer.from([...Buffer.from('{"messages":[{"role":"user","content":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}]}')]), 'invalid_encoding'],
    'a number past all': [around('1e999999'), undefined],
    'a number of 100,000 digits': [around('9'.repeat(100_000)), undefined],
    'not a number': [around('NaN'), 'invalid_json'],
    'a NUL in the text': ['{"messages":[{"role":"user","content":"a\0b"}]}', 'invalid_json'],
    'a NUL behind': [body('x') + '\0', 'invalid_json'],
    'two bodies': [body('x') + body('y'), 'invalid_json'],
    'nothing but blanks': [' '.repeat(100_000), undefined],
  };
  for (const [name, [bytes, code]] of Object.entries(refused)) {
    const response = await nekod.post(bytes);
    const text = await response.text();
    assert.equal(response.status, 400, `${name}: ${text}`);
    const error = checkError(JSON.parse(text));
    if (code) assert.equal(error.code, code, name);
  }
  await isWell();
});

test('ten thousand idle connections leave room for others', { skip: sanitized }, async (t) => {
  const count = 10_000;
  const before = nekod.memory();
  const idle = [];
  while (idle.length < count) {
    const some = Array.from({ length: 500 }, () => new Connection(nekod.port));
    await Promise.all(some.map((connection) => connection.opened));
    idle.push(...some);
  }
  const open = () => nekod.figure('nekod_open_connections');
  await until(async () => (await open()) > count, 'they are not taken');
  await isWell(200);
  const each = ((nekod.memory() - before) * 1024) / count;
  t.diagnostic(`${each.toFixed(1)} KiB a connection`);
  assert.ok(each < 16, `${each} KiB each`);
  idle.forEach((connection) => connection.end());
  await until(async () => (await open()) < 100, 'they are not let go of');
  await isWell(64);
});

test('the simulator saw no wrong use', async () => {
  assert.deepEqual((await sim.quiet()).violations, []);
});
