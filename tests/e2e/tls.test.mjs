// TLS in nekod itself: what it accepts, the redirect from plain HTTP, and that answers are the same as without it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import test, { after } from 'node:test';
import tls from 'node:tls';
import { certificate, checkStream, gateway, leadingTo, rawRequest, sanitized, simulator, unique, until } from './support.mjs';

const sim = await simulator({ after });
const { cert, key } = certificate({ after });
const trusted = { ca: readFileSync(cert), host: 'localhost' };

const secured = (t, ...args) => gateway(t, [...leadingTo(sim), '--tls-cert', cert, '--tls-key', key, ...args]);

/// One request over TLS: its status, headers and body. *onData* gets the body as it arrives.
function request(nekod, method, path, body, onData = () => {}) {
  return new Promise((done, failed) => {
    const sent = https.request({ ...trusted, port: nekod.port, method, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => onData((text += piece), sent));
      response.on('end', () => done({ status: response.statusCode, headers: response.headers, text }));
      response.on('error', failed);
    });
    sent.on('error', failed);
    sent.end(body && JSON.stringify(body));
  });
}

const say = (text, fields = {}) => ({ messages: [{ role: 'user', content: text }], ...fields });

/// A TLS connection with these options, or the error instead of one.
const connected = (options) =>
  new Promise((done) => {
    const socket = tls.connect({ ...trusted, ...options });
    socket.once('secureConnect', () => done(socket)).once('error', (error) => done(error));
  });

test('whole and streamed answers come over TLS, and browsers are told to stay with it', async (t) => {
  const nekod = await secured(t);
  const text = unique();
  const whole = await request(nekod, 'POST', '/v1/chat/completions', say(text));
  assert.equal(whole.status, 200, whole.text);
  assert.ok(JSON.parse(whole.text).choices[0].message.content.includes(text));
  assert.equal(whole.headers['strict-transport-security'], 'max-age=31536000');
  const streamed = await request(nekod, 'POST', '/v1/chat/completions', say(`[sim tokens=500] ${text}`, { stream: true }));
  checkStream(streamed.text);
  assert.equal(streamed.headers['strict-transport-security'], 'max-age=31536000');
  const refused = await request(nekod, 'GET', '/no/such/path');
  assert.equal(refused.status, 404);
  assert.equal(refused.headers['strict-transport-security'], 'max-age=31536000');
});

test('--hsts 0 says nothing of it, and plain HTTP never does', async (t) => {
  const silent = await secured(t, '--hsts', '0');
  assert.equal((await request(silent, 'GET', '/health')).headers['strict-transport-security'], undefined);
  const plain = await gateway(t, leadingTo(sim));
  assert.equal((await fetch(`${plain.url}/health`)).headers.get('strict-transport-security'), null);
});

test('TLS 1.2 and 1.3 are taken, 1.1 is not, and HTTP/1.1 is chosen', async (t) => {
  const nekod = await secured(t);
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const socket = await connected({ port: nekod.port, minVersion: version, maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'] });
    assert.equal(socket.getProtocol?.(), version, String(socket));
    assert.equal(socket.alpnProtocol, 'http/1.1');
    socket.destroy();
  }
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
  assert.ok((await connected({ port: nekod.port, ...old })) instanceof Error);
  assert.equal((await request(nekod, 'GET', '/health')).status, 200);
});

test('a client that leaves over TLS cancels its upstream reply', async (t) => {
  const nekod = await secured(t);
  const aborted = (await sim.report()).replies_aborted;
  const body = say(`[sim tokens=200000 delay=5] ${unique()}`, { stream: true });
  await request(nekod, 'POST', '/v1/chat/completions', body, (text, sent) => {
    if (/"delta":\{"content":"[^"]/.test(text)) sent.destroy();
  }).catch(() => {});
  await until(async () => (await sim.report()).replies_aborted > aborted, 'the reply goes on');
});

test('who speaks plain HTTP, or nothing, or half a handshake, is dropped; others are served meanwhile', async (t) => {
  const nekod = await secured(t, '--read-timeout', '1');
  const drop = async (bytes) => {
    const socket = net.connect({ port: nekod.port, host: '127.0.0.1' });
    socket.on('error', () => {});
    let closed = false;
    socket.once('close', () => (closed = true)).resume();
    if (bytes) socket.write(bytes);
    assert.equal((await request(nekod, 'GET', '/health')).status, 200);
    await until(() => closed, `a peer that sent ${JSON.stringify(bytes)} stays`);
  };
  await drop(rawRequest('GET', '/health'));
  await drop('');
  await drop(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
});

/// A client's first message.
function clientHello(scope) {
  return new Promise((said) => {
    const server = net.createServer((socket) => socket.once('data', (bytes) => (said(bytes), socket.destroy())));
    scope.after(() => server.close());
    server.listen(0, '127.0.0.1', () => tls.connect({ ...trusted, host: '127.0.0.1', port: server.address().port }).on('error', () => {}));
  });
}

const silentOnes = {
  'nothing': Buffer.alloc(0),
  'a byte': Buffer.from([0x16]),
  'most of a first record': Buffer.from([0x16, 0x03, 0x01, 0x01, 0x00, ...Array(200).fill(1)]),
};
for (const [what, bytes] of Object.entries(silentOnes)) {
  const title = `thousands of clients that say ${what} cost kilobytes each, and keep nobody out`;
  test(title, { skip: sanitized }, async (t) => {
    const nekod = await secured(t);
    assert.equal((await request(nekod, 'GET', '/health')).status, 200);
    const before = nekod.memory();
    const count = 7000;
    const silent = [];
    t.after(() => silent.forEach((socket) => socket.destroy()));
    while (silent.length < count) {
      const some = Array.from({ length: 500 }, () => net.connect({ port: nekod.port, host: '127.0.0.1' }));
      for (const socket of some) socket.on('error', () => {}).resume();
      await Promise.all(some.map((socket) => new Promise((done) => socket.once('connect', done).once('close', done))));
      for (const socket of some) socket.write(bytes);
      silent.push(...some);
    }
    // A new client gets an answer although there are too many connections: the oldest one was dropped.
    assert.equal((await request(nekod, 'GET', '/health')).status, 200);
    const open = silent.filter((socket) => !socket.closed).length;
    const growth = nekod.memory() - before;
    t.diagnostic(`${((growth * 1024) / open).toFixed(1)} KiB a connection, ${open} open`);
    assert.ok(open > 100, `${open} are open`);
    assert.ok(growth < 8 + (12 * open) / 1024, `${growth} MiB for ${open}`);
  });
}

test('where handshakes are at their limit the oldest gives way, also one that has begun', async (t) => {
  const nekod = await secured(t, '--max-connections', '4');
  const hello = await clientHello(t);
  const begun = [];
  t.after(() => begun.forEach((socket) => socket.destroy()));
  // One after the other: of connections that come at once, any may be the oldest.
  while (begun.length < 4) {
    const socket = net.connect({ port: nekod.port, host: '127.0.0.1' }).on('error', () => {});
    begun.push(socket);
    socket.write(hello);
    await new Promise((answered) => socket.once('data', answered));
  }
  assert.equal((await request(nekod, 'GET', '/health')).status, 200);
  await until(() => begun[0].closed, 'the oldest stays');
  assert.ok(!begun[3].closed, 'the newest is closed');
});

test('a client that closes its sending side behind its last request gets its answer over TLS', async (t) => {
  const nekod = await secured(t);
  for (const stream of [true, false]) {
    const text = unique();
    const socket = await connected({ port: nekod.port });
    let answer = '';
    socket.on('error', () => {}).setEncoding('utf8').on('data', (piece) => (answer += piece));
    socket.end(rawRequest('POST', '/v1/chat/completions', say(`[sim first=300] ${text}`, { stream }), { Connection: 'close' }));
    await until(() => socket.closed, 'the connection stays open');
    assert.match(answer, stream ? /^HTTP\/1\.1 200 [^]*data: \[DONE\]/ : new RegExp(`^HTTP/1\\.1 200 [^]*${text}`));
  }
});

test('connections past the limit are closed, and there is room again later', async (t) => {
  const nekod = await secured(t, '--max-connections', '4');
  const sockets = [];
  for (let i = 0; i < 20; ++i) {
    const socket = await connected({ port: nekod.port });
    if (socket instanceof Error) continue;
    socket.on('error', () => {}).resume();
    sockets.push(socket);
  }
  await until(() => sockets.some((socket) => socket.destroyed || socket.readableEnded), 'all are kept');
  sockets.forEach((socket) => socket.destroy());
  await until(async () => {
    const answer = await request(nekod, 'GET', '/health').catch(() => undefined);
    return answer?.status === 200;
  }, 'there is no room');
});

test('clients that flood both ports leave files to go on with', { skip: sanitized }, async (t) => {
  const args = [...leadingTo(sim), '--tls-cert', cert, '--tls-key', key, '--tls-redirect-port', '0'];
  const nekod = await gateway(t, args, { files: '1200:1200' });
  const redirect = Number((await nekod.logged(/redirecting from \S+:(\d+)\n/))[1]);
  const flood = (port, count) =>
    Array.from({ length: count }, () => net.connect({ port, host: '127.0.0.1' }).on('error', () => {}));
  const idle = [...flood(redirect, 1300), ...flood(nekod.port, 1300)];
  await until(() => idle.every((socket) => !socket.connecting), 'connections are not taken');
  idle.forEach((socket) => socket.destroy());
  await until(async () => {
    const answer = await request(nekod, 'GET', '/health').catch(() => undefined);
    return answer?.status === 200;
  }, 'TLS is served no more');
  const plain = await fetch(`http://localhost:${redirect}/`, { redirect: 'manual' });
  assert.equal(plain.status, 308);
});

test('an answer that ends a connection says so over TLS', async (t) => {
  const nekod = await secured(t);
  const socket = await connected({ port: nekod.port });
  let [text, ended] = ['', false];
  socket.setEncoding('utf8').on('data', (piece) => (text += piece)).on('end', () => (ended = true));
  socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await until(() => ended, 'the connection was cut, not ended');
  assert.match(text, /"healthy"/);
});

test('a kept connection that waits at SIGTERM is ended over TLS', async (t) => {
  const nekod = await secured(t, '--drain-timeout', '600');
  let leave;
  const streaming = new Promise((begun) =>
    request(nekod, 'POST', '/v1/chat/completions', say(`[sim tokens=200000 delay=20] ${unique()}`, { stream: true }), (text, sent) => {
      leave = () => sent.destroy();
      begun();
    }).catch(() => {}),
  );
  const socket = await connected({ port: nekod.port });
  let [text, ended] = ['', false];
  socket.setEncoding('utf8').on('data', (piece) => (text += piece)).on('end', () => (ended = true));
  socket.write(rawRequest('GET', '/health/live'));
  await until(() => /"alive"/.test(text), 'no answer');
  await streaming;
  nekod.kill();
  await until(() => ended, 'the connection was cut, not ended');
  assert.equal(nekod.status, undefined, 'the stream goes on');
  leave();
  assert.deepEqual(await nekod.ended(), { code: 0, signal: null });
});

test('the redirect port sends to the same address over TLS', async (t) => {
  const nekod = await secured(t, '--tls-redirect-port', '0');
  const port = Number((await nekod.logged(/redirecting from \S+:(\d+)\n/))[1]);
  const ask = (path, options = {}) => fetch(`http://localhost:${port}${path}`, { redirect: 'manual', ...options });
  const response = await ask('/v1/models?a=b');
  assert.equal(response.status, 308);
  assert.equal(response.headers.get('location'), `https://localhost:${nekod.port}/v1/models?a=b`);
  const posted = await ask('/v1/chat/completions', { method: 'POST', body: '{"messages": 1}' });
  assert.equal(posted.status, 308);
  const hostless = net.connect({ port, host: '127.0.0.1' });
  let text = '';
  hostless.setEncoding('utf8').on('data', (piece) => (text += piece));
  hostless.write('GET / HTTP/1.0\r\n\r\n');
  await until(() => /^HTTP\/1\.\d 400 /.test(text), 'no answer without a host');
  hostless.destroy();
});

test('the simulator saw no wrong use', async () => {
  assert.deepEqual((await sim.quiet()).violations, []);
});
