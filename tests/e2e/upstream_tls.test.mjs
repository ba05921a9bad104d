// Upstreams over TLS with HTTP/1.1: whose certificates are trusted, handshakes that fail, stall or are left, ends
// that are no ends, and bytes that arrive in records of any size.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import test, { after } from 'node:test';
import tls from 'node:tls';
import { gzipSync } from 'node:zlib';
import { authority } from './authority.mjs';
import { answer, leadingToAddress, replyWell, scriptedServer } from './scripted.mjs';
import { Connection, checkBrokenStream, checkStream, expectError, gateway, rawRequest, unique, until } from './support.mjs';

const [cats, dogs] = [authority({ after }), authority({ after })];
const good = cats.issue();
const onlyCurl = process.env.NEKOD_UPSTREAM_CLIENT === 'curl';

// A server that cannot be reached is an error, and not waited for.
const usual = ['--threads', '1', '--loading-wait', '0'];
const trusting = (...args) => ['--upstream-ca', cats.file, ...usual, ...args];
const secured = (scope, certified = good, say = replyWell) =>
  scriptedServer(scope, undefined, say, 0, certified);
const byName = (server) => `https://localhost:${server.port}/v1`;
const question = (fields) => ({ messages: [{ role: 'user', content: unique() }], ...fields });
const textOf = async (stream) => checkStream(await stream.rest()).text;

/// A server over TLS whose connections `serve` gets; sent names are in `names`.
async function raw(scope, serve, options = good) {
  const open = new Set();
  const server = tls.createServer(options, (socket) => {
    open.add(socket.on('error', () => {}).on('close', () => open.delete(socket)));
    serve(socket.setNoDelay(true));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  scope.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return { port: server.address().port, server };
}

/// Answers each chat by calling *say* with the socket; models are listed.
const answering = (say) => (socket) => {
  let [text, head, size] = ['', undefined, 0];
  socket.setEncoding('latin1').on('data', (bytes) => {
    if (head === undefined) {
      text += bytes;
      const end = text.indexOf('\r\n\r\n') + 4;
      if (end < 4) return;
      head = text.slice(0, end);
      size = text.length - end;
    } else {
      size += bytes.length;
    }
    if (size < lengthOf(head)) return;
    const asked = head;
    [text, head] = ['', undefined];
    if (asked.startsWith('GET')) socket.write(json({ data: [{ id: 'm' }] }));
    else say(socket, asked);
  });
};

const lengthOf = (head) => Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
const json = (value) => {
  const text = JSON.stringify(value);
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
};
const eventOf = (delta, finish_reason = null) => `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const chunkOf = (bytes) => `${Buffer.byteLength(bytes).toString(16)}\r\n${bytes}\r\n`;
const headOf = (...fields) => ['HTTP/1.1 200 OK', 'Content-Type: text/event-stream', ...fields].join('\r\n') + '\r\n\r\n';
const first = eventOf({ role: 'assistant', content: '' });
const whole = (text) => `${first}${eventOf({ content: text })}${eventOf({}, 'stop')}data: [DONE]\n\n`;

test('a server is trusted by its name and by its address', async (t) => {
  const server = await secured(t);
  for (const url of [byName(server), `${server.origin}/v1`]) {
    const nekod = await gateway(t, [...leadingToAddress(url), ...trusting()]);
    assert.equal((await nekod.ask(unique())).text, 'ok');
    assert.equal(await textOf(await nekod.stream(unique())), 'ok');
  }
  assert.equal(server.chats().length, 4);
});

const untrusted = {
  'has expired': [cats.issue(undefined, -1), cats.file],
  'is for another name': [cats.issue('DNS:dog.example,IP:127.0.0.2'), cats.file],
  'is for a part of the name': [cats.issue('DNS:*ost,DNS:*'), cats.file],
  'is from an authority that nobody named': [good, dogs.file],
};
for (const [what, [certified, file]] of Object.entries(untrusted))
  test(`a server whose certificate ${what} hears nothing`, async (t) => {
    const server = await secured(t, certified);
    for (const url of [byName(server), `${server.origin}/v1`]) {
      const nekod = await gateway(t, [...leadingToAddress(url), '--upstream-ca', file, ...usual]);
      for (const stream of [false, true])
        await expectError(await nekod.post(question({ stream })), 502, 'upstream_error', 'server_error');
    }
    assert.deepEqual(server.requests, []);
  });

test('without --upstream-ca only the authorities of the system count', async (t) => {
  const server = await secured(t);
  const nekod = await gateway(t, [...leadingToAddress(byName(server)), ...usual]);
  await expectError(await nekod.post(question()), 502, 'upstream_error', 'server_error');
  assert.deepEqual(server.requests, []);
});

test('a server that speaks no TLS, or another protocol, is an error at once', async (t) => {
  const plain = await scriptedServer(t);
  const other = await raw(t, () => {}, { ...good, ALPNProtocols: ['h3'] });
  for (const { port } of [plain, other]) {
    const nekod = await gateway(t, [...leadingToAddress(`https://localhost:${port}/v1`), ...trusting()]);
    await expectError(await nekod.post(question()), 502, 'upstream_error', 'server_error');
  }
  assert.deepEqual(plain.requests, []);
});

/// A port whose connections nobody answers: `open` has them.
async function silent(scope) {
  const open = new Set();
  const server = net.createServer((socket) => open.add(socket.on('error', () => {}).on('close', () => open.delete(socket)).resume()));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  scope.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return { url: `https://localhost:${server.address().port}/v1`, open };
}

test('--connect-timeout ends a handshake that stalls', async (t) => {
  const { url, open } = await silent(t);
  const limits = ['--connect-timeout', '1', '--retries', '0', '--first-byte-timeout', '600', '--request-timeout', '600'];
  const nekod = await gateway(t, [...leadingToAddress(url), ...trusting(...limits)]);
  await expectError(await nekod.post(question()), 504, 'upstream_timeout', 'server_error');
  await until(() => open.size === 0, 'a connection stays open');
});

test('a client that leaves during the handshake ends it', async (t) => {
  const { url, open } = await silent(t);
  const nekod = await gateway(t, [...leadingToAddress(url), ...trusting('--connect-timeout', '600')]);
  await until(() => open.size > 0, 'no list of models is asked for');
  const before = open.size;
  const client = new Connection(nekod.port);
  await client.send(rawRequest('POST', '/v1/chat/completions', question({ model: 'm' })));
  await until(() => open.size > before, 'no connection for the chat');
  client.end();
  await until(() => open.size === before, 'its connection stays open');
});

/// Ends a connection without a word of TLS.
const silently = (socket) => socket._handle.close();

const cuts = {
  'within a chunk': [headOf('Transfer-Encoding: chunked'), chunkOf(eventOf({ content: 'half' })) + '40\r\nda'],
  'between chunks': [headOf('Transfer-Encoding: chunked'), chunkOf(eventOf({ content: 'half' }))],
  'before its length': [headOf('Content-Length: 5000'), eventOf({ content: 'half' })],
};
for (const [place, [head, body]] of Object.entries(cuts))
  for (const [how, end] of Object.entries({
    'said to be the end': (socket) => socket.end(),
    'without a word': silently,
  }))
    test(`an answer that is cut ${place}, ${how}, is no whole answer`, async (t) => {
      const say = (socket) => socket.write(head + body, () => end(socket));
      const { port } = await raw(t, answering(say));
      const nekod = await gateway(t, [...leadingToAddress(`https://localhost:${port}/v1`), ...trusting('--retries', '0')]);
      const stream = await nekod.stream(unique());
      assert.equal(checkBrokenStream(await stream.rest()).code, 'upstream_error');
    });

const undone = `${first}${eventOf({ content: 'all of it' })}${eventOf({}, 'stop')}`;

test('an answer that ends with the connection is whole if TLS says so', async (t) => {
  const { port } = await raw(t, answering((socket) => socket.end(headOf('Connection: close') + undone)));
  const nekod = await gateway(t, [...leadingToAddress(`https://localhost:${port}/v1`), ...trusting()]);
  for (let i = 0; i < 3; ++i) assert.equal(await textOf(await nekod.stream(unique())), 'all of it');
});

test('it is not whole if only the connection ends', { skip: onlyCurl && 'libcurl takes any end' }, async (t) => {
  const say = (socket) => socket.write(headOf('Connection: close') + undone, () => silently(socket));
  const { port } = await raw(t, answering(say));
  const nekod = await gateway(t, [...leadingToAddress(`https://localhost:${port}/v1`), ...trusting('--retries', '0')]);
  const stream = await nekod.stream(unique());
  assert.equal(checkBrokenStream(await stream.rest()).code, 'upstream_error');
});

test('records of one byte, and many records at once, are the same answer', async (t) => {
  const text = '喵'.repeat(3000);
  const bytes = Buffer.from(headOf('Transfer-Encoding: chunked') + chunkOf(whole(text)) + '0\r\n\r\n');
  let size = 1;
  const say = (socket) => {
    socket.cork();
    for (let i = 0; i < bytes.length; i += size) socket.write(bytes.subarray(i, i + size));
    socket.uncork();
  };
  const { port } = await raw(t, answering(say));
  const nekod = await gateway(t, [...leadingToAddress(`https://localhost:${port}/v1`), ...trusting()]);
  for (size of [1, 100, bytes.length]) assert.equal(await textOf(await nekod.stream(unique())), text, `${size}`);
});

test('a compressed answer, of which less than a record is read at a time, is read to its end', async (t) => {
  const text = randomBytes(35_000).toString('hex');
  const body = gzipSync(whole(text));
  const head = headOf('Content-Encoding: gzip', `Content-Length: ${body.length}`);
  const { port } = await raw(t, answering((socket) => socket.write(Buffer.concat([Buffer.from(head), body]))));
  const nekod = await gateway(t, [...leadingToAddress(`https://localhost:${port}/v1`), ...trusting()]);
  assert.equal(await textOf(await nekod.stream(unique())), text);
});

test('an upstream waits for a client that does not read, and nothing is lost', async (t) => {
  const piece = 'x'.repeat(1000);
  const events = Array.from({ length: 8000 }, (_, i) => eventOf({ content: `${i} ${piece}` }));
  const body = `${events.join('')}${eventOf({}, 'stop')}data: [DONE]\n\n`;
  const say = (_, response) => response.writeHead(200, { 'Content-Type': 'text/event-stream' }).end(body);
  const server = await secured(t, good, say);
  const nekod = await gateway(t, [...leadingToAddress(byName(server)), ...trusting()]);
  const client = new Connection(nekod.port);
  t.after(() => client.end());
  await client.send(rawRequest('POST', '/v1/chat/completions', question({ stream: true })));
  await until(async () => (await nekod.figure('nekod_credit_stalls_total')) > 0, 'the upstream is never paused');
  client.reading();
  await client.seen(/data: \[DONE\]/);
  const numbers = [...client.text.matchAll(/"content":"(\d+) x{1000}"/g)].map(([, n]) => Number(n));
  assert.deepEqual(numbers, events.map((_, i) => i));
});

test('a long request arrives whole at a server that reads it late', async (t) => {
  const paused = new Set();
  const say = (socket, head) => socket.write(json(answer(`${lengthOf(head)}`)));
  const { port } = await raw(t, (socket) => {
    answering(say)(socket);
    socket.once('data', () => paused.add(socket.pause()));
  });
  const nekod = await gateway(t, [...leadingToAddress(`https://localhost:${port}/v1`), ...trusting()]);
  const answered = nekod.ask('a long story '.repeat(500_000));
  await until(() => paused.size > 0, 'nothing arrives');
  await nekod.resting(20, 'nekod does not wait for the server');
  for (const socket of paused) socket.resume();
  assert.ok(Number((await answered).text) > 6_500_000);
});

test('handshakes after the first one resume its session', { skip: onlyCurl && 'libcurl keeps sessions by handle' }, async (t) => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
    const reused = [];
    const { server, port } = await raw(t, answering((socket) => socket.end(headOf('Connection: close') + whole('ok'))), { ...good, maxVersion });
    server.on('secureConnection', (socket) => reused.push(socket.isSessionReused()));
    const nekod = await gateway(t, [...leadingToAddress(`https://localhost:${port}/v1`), ...trusting()]);
    for (let i = 0; i < 3; ++i) await textOf(await nekod.stream(unique()));
    assert.deepEqual(reused.slice(-2), [true, true], maxVersion);
  }
});
