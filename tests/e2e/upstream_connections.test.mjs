// Ways to reach the upstream: over TLS with HTTP/2 and without, through a proxy, and over connections that die.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import test, { after } from 'node:test';
import tls from 'node:tls';
import { Worker } from 'node:worker_threads';
import { Foreign, folder, onFreePort } from './foreign.mjs';
import {
  Connection,
  accountToken,
  certificate,
  checkStream,
  dataOf,
  expectError,
  gateway,
  leadingTo,
  rawRequest,
  runToEnd,
  simulator,
  unique,
  until,
} from './support.mjs';

const sim = await simulator({ after });

/// nginx with TLS and HTTP/2 in front of the simulator: its `url`, its certificate `cert`, and `calls`, the
/// requests with their protocols and the numbers of their connections.
async function secured(scope) {
  const home = folder(scope);
  const { cert, key } = certificate(scope, home);
  const site = (port) => `
    daemon off;
    master_process off;
    pid ${home}/nginx.pid;
    events {}
    http {
      log_format way '$server_protocol $connection';
      access_log ${home}/access.log way;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((k) => `${k}_temp_path ${home}/${k};`).join('\n')}
      server {
        listen 127.0.0.1:${port} ssl http2;
        ssl_certificate ${cert};
        ssl_certificate_key ${key};
        location / {
          proxy_pass http://127.0.0.1:${sim.port};
          proxy_http_version 1.1;
          proxy_buffering off;
        }
      }
    }`;
  const port = await onFreePort(
    (port) => {
      const conf = join(folder(scope, { 'nginx.conf': site(port) }), 'nginx.conf');
      return new Foreign(scope, ['nginx', '-p', home, '-e', `${home}/error.log`, '-c', conf]);
    },
    () => readFileSync(`${home}/error.log`, 'utf8'),
  );
  const calls = () =>
    readFileSync(`${home}/access.log`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
  return { url: `https://localhost:${port}/api/v1`, cert, calls };
}

/// A proxy that takes every host for the simulator's: its port, and `seen`, the requested addresses.
async function proxy(scope) {
  const seen = [];
  const server = http.createServer((request, response) => {
    seen.push([request.method, request.url, request.headers['proxy-authorization']]);
    const { pathname } = new URL(request.url);
    const options = { port: sim.port, path: pathname, method: request.method, headers: request.headers };
    request.pipe(
      http.request(options, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      }),
    );
  });
  server.on('connect', (request, socket) => {
    seen.push([request.method, request.url, request.headers['proxy-authorization']]);
    const port = Number(request.url.split(':')[1]);
    const on = net.connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(on).pipe(socket);
    });
    for (const end of [socket, on]) end.on('error', () => {});
  });
  await new Promise((open) => server.listen(0, '127.0.0.1', open));
  scope.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: server.address().port, seen };
}

/// An OpenAI-compatible server that lists its models until `stop` is called: then it accepts no more connections,
/// and new ones wait.
async function stopping(scope) {
  const memory = new SharedArrayBuffer(4);
  const script = `
    const { parentPort, workerData } = require('node:worker_threads');
    const server = require('node:http').createServer((request, response) => {
      response.writeHead(200, { Connection: 'close' }).end('{"data":[{"id":"cat"}]}');
    });
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => parentPort.postMessage(server.address().port));
    parentPort.on('message', () => Atomics.wait(new Int32Array(workerData), 0, 0));`;
  const worker = new Worker(script, { eval: true, workerData: memory });
  const crowd = [];
  scope.after(() => {
    for (const socket of crowd) socket.destroy();
    Atomics.notify(new Int32Array(memory), 0);
    return worker.terminate();
  });
  const [port] = await once(worker, 'message');
  const stop = async () => {
    worker.postMessage('stop');
    // As many as the system accepts by itself; further ones wait.
    await until(() => {
      crowd.push(net.connect(port, '127.0.0.1').on('error', () => {}));
      return crowd.filter((socket) => socket.connecting).length > 3;
    }, 'all are let in');
  };
  return { url: `http://127.0.0.1:${port}/v1`, stop };
}

/// A stream of one chunk with *text*.
const streamOf = (text) =>
  [{ delta: { content: text } }, { delta: {}, finish_reason: 'stop' }]
    .map((choice) => `data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`)
    .join('') + 'data: [DONE]\n\n';

const response = (type, body) =>
  `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/// An OpenAI-compatible server that answers with what it was asked, and sends whatever `blurt` gets over its open
/// connections. `connections` counts them.
async function blurting(scope, secure) {
  const { cert, key } = secure ? certificate(scope) : {};
  const open = new Set();
  const answer = (socket) => {
    let text = '';
    open.add(socket);
    server.connections = (server.connections ?? 0) + 1;
    socket.setNoDelay(true).on('error', () => {}).on('close', () => open.delete(socket));
    socket.setEncoding('utf8').on('data', (bytes) => {
      text += bytes;
      const [head, body] = text.split('\r\n\r\n', 2);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (body === undefined || body.length < length) return;
      text = '';
      if (head.startsWith('GET')) socket.write(response('application/json', '{"data":[{"id":"cat"}]}'));
      else socket.write(response('text/event-stream', streamOf(JSON.parse(body).messages.at(-1).content)));
    });
  };
  const options = secure ? { cert: readFileSync(cert), key: readFileSync(key) } : {};
  const server = secure ? tls.createServer(options, answer) : net.createServer(answer);
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  scope.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  const url = `${secure ? 'https' : 'http'}://127.0.0.1:${server.address().port}/v1`;
  const blurt = (bytes, end) =>
    Promise.all([...open].map((socket) => new Promise((done) => (end ? socket.end(bytes, done) : socket.write(bytes, done)))));
  return { url, cert, blurt, connections: () => server.connections };
}

for (const secure of [false, true])
  test(`${secure ? 'over TLS' : 'in plain'}: what comes over a connection that waits is nobody's answer`, async (t) => {
    const upstream = await blurting(t, secure);
    const args = ['--upstream', 'openai', '--openai-url', upstream.url, '--port', '0', '--threads', '1', '--retries', '0'];
    const nekod = await gateway(t, secure ? [...args, '--upstream-ca', upstream.cert] : args);
    const say = async (text) => checkStreamText(await (await nekod.stream(text)).rest());
    const checkStreamText = (raw) => dataOf(raw).slice(0, -1).map((line) => JSON.parse(line).choices[0].delta.content ?? '').join('');
    const late = [
      [response('text/event-stream', streamOf('the secret of another'))],
      ['HTTP/1.1 408 Request Time-out\r\nContent-Length: 0\r\nConnection: close\r\n\r\n', 'end'],
      ['\0'],
    ];
    assert.equal(await say('hello'), 'hello');
    for (const [bytes, end] of late) {
      const before = upstream.connections();
      await upstream.blurt(bytes, end);
      for (const text of ['one', 'two', 'three']) assert.equal(await say(text), text, JSON.stringify(bytes));
      assert.equal(upstream.connections(), before + 1, 'it took one new connection, which stayed');
    }
  });

test('with HTTP/2 many streams share one connection', async (t) => {
  const front = await secured(t);
  const args = [...leadingTo(sim), '--anuneko-url', front.url, '--upstream-ca', front.cert, '--upstream-http2', 'on', '--threads', '1'];
  const nekod = await gateway(t, args);
  const ask = (i) => nekod.stream(`[sim tokens=30 delay=10] ${unique(`stream-${i}`)}`);
  const streams = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(i)));
  await Promise.all(streams.map(async (stream) => checkStream(await stream.rest())));
  const calls = front.calls();
  assert.ok(calls.length > 60, 'each stream took its calls');
  assert.deepEqual([...new Set(calls.map(([protocol]) => protocol))], ['HTTP/2.0']);
  assert.equal(new Set(calls.map(([, connection]) => connection)).size, 1);
});

test('of those, one that is left ends alone', async (t) => {
  const front = await secured(t);
  const args = [...leadingTo(sim), '--anuneko-url', front.url, '--upstream-ca', front.cert, '--upstream-http2', 'on', '--threads', '1'];
  const nekod = await gateway(t, args);
  const text = `[sim tokens=100000 delay=5] ${unique('left')}`;
  const left = await nekod.stream(text);
  await left.started();
  const other = await nekod.stream(`[sim tokens=100 delay=5] ${unique('other')}`);
  await other.started();
  left.leave();
  checkStream(await other.rest());
  await sim.quiet();
  assert.equal((await sim.chatWith(text)).messages[0].state, 'aborted');
  assert.equal(new Set(front.calls().map(([, connection]) => connection)).size, 1);
});

test('of those, clients that do not read hold up no other, however small --stream-buffer is', async (t) => {
  const front = await secured(t);
  const args = [...leadingTo(sim), '--anuneko-url', front.url, '--upstream-ca', front.cert, '--upstream-http2', 'on', '--threads', '1'];
  const nekod = await gateway(t, [...args, '--stream-buffer', '65536']);
  const body = { stream: true, messages: [{ role: 'user', content: `[sim tokens=100000] ${unique()}` }] };
  const stalled = Array.from({ length: 4 }, () => new Connection(nekod.port));
  await Promise.all(stalled.map((client) => client.send(rawRequest('POST', '/v1/chat/completions', body))));
  await until(async () => (await nekod.figure('nekod_credit_stalls_total')) > 0, 'none is held up');
  for (let i = 0; i < 5; ++i) {
    const streams = await Promise.all([1, 2, 3, 4].map((k) => nekod.stream(`[sim tokens=300] ${unique(`${i}${k}`)}`)));
    await Promise.all(streams.map(async (stream) => checkStream(await stream.rest())));
  }
  stalled.forEach((client) => client.end());
});

test('without HTTP/2 each has a connection', async (t) => {
  const front = await secured(t);
  const args = [...leadingTo(sim), '--anuneko-url', front.url, '--upstream-ca', front.cert];
  const nekod = await gateway(t, args);
  const streams = await Promise.all([1, 2, 3].map((i) => nekod.stream(`[sim tokens=30 delay=10] ${unique(`${i}`)}`)));
  await Promise.all(streams.map(async (stream) => checkStream(await stream.rest())));
  const calls = front.calls();
  assert.deepEqual([...new Set(calls.map(([protocol]) => protocol))], ['HTTP/1.1']);
  assert.ok(new Set(calls.map(([, connection]) => connection)).size >= 3);
});

test('a connection that was never made is not counted once who wanted it has left', async (t) => {
  const upstream = await stopping(t);
  const args = ['--upstream', 'openai', '--openai-url', upstream.url, '--store', 'memory', '--port', '0'];
  const nekod = await gateway(t, [...args, '--connect-timeout', '120']);
  const connections = () => nekod.figure('nekod_upstream_connections');
  await until(async () => (await (await fetch(`${nekod.url}/v1/models`)).json()).data.length > 0, 'no models');
  await until(async () => (await connections()) === 0, 'the list keeps a connection');
  await upstream.stop();
  const leaves = new Connection(nekod.port);
  await leaves.send(rawRequest('POST', '/v1/chat/completions', { messages: [{ role: 'user', content: unique() }] }));
  await until(async () => (await connections()) === 1, 'no connection is tried');
  leaves.end();
  await until(async () => (await connections()) === 0, 'it is still counted');
});

test('an upstream whose certificate nobody vouches for gets nothing', async (t) => {
  const front = await secured(t);
  const nekod = await gateway(t, [...leadingTo(sim), '--anuneko-url', front.url]);
  const text = unique();
  const asked = nekod.post({ messages: [{ role: 'user', content: text }] });
  await expectError(await asked, 502, 'upstream_error');
  assert.equal(await sim.chatWith(text), undefined);
});

test('a proxy that is set is the only way, also over TLS, and its password stays secret', async (t) => {
  const [front, way, other] = [await secured(t), await proxy(t), await proxy(t)];
  const set = ({ port }) =>
    ['--upstream-proxy', `http://cat:fish-of-the-day@127.0.0.1:${port}`, '--log-level', 'trace'];
  const plain = await gateway(t, [...leadingTo(sim), ...set(way)]);
  await plain.ask(unique());
  assert.ok(way.seen.length > 2);
  for (const [, url, credentials] of way.seen) {
    assert.ok(url.startsWith(`http://127.0.0.1:${sim.port}/api/v1/`), url);
    assert.equal(credentials, `Basic ${btoa('cat:fish-of-the-day')}`);
  }
  const args = [...leadingTo(sim), '--anuneko-url', front.url, '--upstream-ca', front.cert, ...set(other)];
  // Each thread has its own connections. So even a call that must not be sent twice may be the first on its
  // connection.
  const secure = await gateway(t, [...args, '--threads', '4']);
  await secure.ask(unique());
  assert.ok(other.seen.length > 0);
  for (const [method, url] of other.seen) assert.deepEqual([method, url], ['CONNECT', new URL(front.url).host]);
  const { log } = await runToEnd(t, [...args, '--check-config']);
  for (const said of [log, plain.log, secure.log]) assert.ok(!said.includes('fish-of-the-day'));
});

test("without one the environment's is taken, but not for this machine", async (t) => {
  const way = await proxy(t);
  const env = { http_proxy: `http://127.0.0.1:${way.port}` };
  const local = await gateway(t, leadingTo(sim), { env });
  await local.ask(unique());
  assert.deepEqual(way.seen, []);
  const args = [...leadingTo(sim), '--anuneko-url', 'http://cat.example/api/v1'];
  const far = await gateway(t, args, { env });
  await far.ask(unique());
  assert.ok(way.seen.every(([, url]) => url.startsWith('http://cat.example/')) && way.seen.length > 2);
});

test('a pooled connection that died is noticed: the next call takes a new one', async (t) => {
  const held = new Set();
  const server = net.createServer((socket) => {
    const on = net.connect(sim.port, '127.0.0.1');
    held.add(socket);
    for (const end of [socket, on]) end.on('error', () => {});
    socket.pipe(on).pipe(socket);
  });
  await new Promise((open) => server.listen(0, '127.0.0.1', open));
  t.after(() => {
    server.close();
    for (const socket of held) socket.destroy();
  });
  const url = `http://127.0.0.1:${server.address().port}/api/v1`;
  const nekod = await gateway(t, [...leadingTo(sim), '--anuneko-url', url]);
  const id = unique('session');
  const texts = [unique(), unique(), unique()];
  for (const text of texts) {
    await nekod.ask(text, { session_id: id });
    await sim.quiet();
    const ends = [...held].map((socket) => new Promise((closed) => socket.destroy().once('close', closed)));
    await Promise.all(ends);
    held.clear();
  }
  assert.deepEqual((await sim.chatWith(texts[0])).messages.map((m) => m.text), texts);
});

test('what cannot be is refused at the start, by name', async (t) => {
  const none = join(folder(t, { 'none.pem': 'nothing in it' }), 'none.pem');
  const cases = [
    [['--upstream-ca', '/no/such.pem'], /--upstream-ca: \/no\/such\.pem has no certificate/],
    [['--upstream-ca', none], /--upstream-ca: .*none\.pem has no certificate/],
    [['--upstream-proxy', 'ftp://127.0.0.1'], /--upstream-proxy.*must begin with http:\/\//],
  ];
  for (const [args, words] of cases) {
    const { code, log } = await runToEnd(t, [...leadingTo(sim), ...args]);
    assert.equal(code, 2, log);
    assert.match(log, words);
    assert.ok(!log.includes(accountToken));
  }
});

test('the simulator saw no wrong use', async () => {
  assert.deepEqual((await sim.quiet()).violations, []);
});
