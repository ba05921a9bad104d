// Which pages and host names may use a gateway without keys: the requests are like those of browsers.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { Connection, addKey, checkError, checkStream, gateway, leadingTo, pair, rawRequest, temporaryFolder, unique, until } from './support.mjs';

const { sim, nekod } = await pair({ after });

/// One request with only these fields.
function send(to, method, path, headers = {}, body) {
  const fields = { Host: `127.0.0.1:${to.port}`, ...headers };
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  if (text !== undefined) fields['Content-Length'] = Buffer.byteLength(text);
  return new Promise((done, failed) => {
    const sent = http.request({ port: to.port, host: '127.0.0.1', method, path, headers: fields, setHost: false, agent: false }, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (piece) => (answer += piece));
      response.on('end', () => done({ status: response.statusCode, headers: response.headers, text: answer }));
    });
    sent.on('error', failed).end(text);
  });
}

const json = { 'Content-Type': 'application/json' };
const evil = { Origin: 'https://evil.test' };
const question = (text, fields = {}) => ({ messages: [{ role: 'user', content: text }], ...fields });
const chats = '/v1/chat/completions';

function checkRefused(answer, code, flag) {
  assert.equal(answer.status, 403, answer.text);
  const error = checkError(JSON.parse(answer.text));
  assert.equal(error.code, code);
  assert.ok(error.message.includes(flag), error.message);
  for (const name of Object.keys(answer.headers)) assert.doesNotMatch(name, /^access-control-/);
  assert.match(answer.headers.vary, /Origin/);
  assert.equal(answer.headers['x-should-retry'], 'false');
}

const foreign = (answer) => checkRefused(answer, 'origin_not_allowed', '--cors-origins');
const misnamed = (answer) => checkRefused(answer, 'host_not_allowed', '--allowed-hosts');

test('a name that is not ours is refused everywhere but for health', async () => {
  const text = unique('rebound');
  for (const host of ['evil.test', 'EVIL.TEST.:80', `evil.test:${nekod.port}`, 'localhost.evil.test', '', '127.0.0.1@evil.test']) {
    const named = { Host: host };
    for (const [method, path] of [['GET', '/'], ['GET', '/v1/models'], ['GET', '/sessions'], ['DELETE', '/sessions?all=true'], ['GET', '/metrics'], ['GET', '/openapi.json'], ['GET', '/no/such'], ['OPTIONS', chats]])
      misnamed(await send(nekod, method, path, named));
    misnamed(await send(nekod, 'POST', chats, { ...named, ...json, Origin: `http://${host}` }, question(text)));
    for (const path of ['/health', '/health/live', '/health/ready']) assert.equal((await send(nekod, 'GET', path, named)).status, 200, path);
  }
  assert.equal(await sim.chatWith(text), undefined);
});

test('addresses, names without a dot and names of this machine are taken', async () => {
  for (const host of ['127.0.0.1', '[::1]:80', '192.0.2.7:8000', 'localhost', 'LOCALHOST.', 'a.localhost:1', 'nekod:8000', 'host-name', os.hostname()]) {
    const answer = await send(nekod, 'GET', '/v1/models', { Host: host });
    assert.equal(answer.status, 200, `${host}: ${answer.text}`);
  }
});

test("an absolute target's host counts, two hosts are none, and HTTP/1.0 needs none", async () => {
  const said = async (bytes) => {
    const connection = new Connection(nekod.port).reading();
    await connection.send(bytes);
    await until(() => connection.closed, 'no end');
    return connection.text;
  };
  const absolute = (target, host) => said(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  assert.match(await absolute('http://evil.test/v1/models', '127.0.0.1'), /^HTTP\/1\.1 403 [^]*host_not_allowed/);
  assert.match(await absolute('http://127.0.0.1/v1/models', 'evil.test'), /^HTTP\/1\.1 403 [^]*host_not_allowed/);
  assert.match(await absolute('http://127.0.0.1/v1/models', '127.0.0.1'), /^HTTP\/1\.1 200 /);
  assert.match(await said('GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: evil.test\r\n\r\n'), /^HTTP\/1\.1 400 [^]*malformed_request/);
  assert.match(await said('GET /v1/models HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /);
  assert.match(await said('GET /v1/models HTTP/1.0\r\nHost: evil.test\r\n\r\n'), /^HTTP\/1\.1 403 /);
});

test('a foreign page may read models and health, and send chats as JSON that name no session', async () => {
  for (const path of ['/v1/models', '/models/mihoyo-orange_cat', '/health', '/health/live', '/health/ready'])
    for (const method of ['GET', 'HEAD']) {
      const answer = await send(nekod, method, path, evil);
      assert.equal(answer.status, 200, path);
      assert.equal(answer.headers['access-control-allow-origin'], '*');
      assert.match(answer.headers.vary, /Origin/);
    }
  const asking = { ...evil, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization,content-type' };
  const preflight = await send(nekod, 'OPTIONS', chats, { ...asking, 'Access-Control-Request-Private-Network': 'true' });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers['access-control-allow-origin'], '*');
  assert.equal(preflight.headers['access-control-allow-headers'], 'authorization,content-type');
  assert.equal(preflight.headers['access-control-allow-private-network'], undefined);
  const cross = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors' };
  for (const type of ['application/json', 'Application/JSON; charset=utf-8'])
    for (const stream of [false, true]) {
      const text = unique('page');
      const answer = await send(nekod, 'POST', chats, { ...evil, ...cross, 'Content-Type': type }, question(text, { stream }));
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers['access-control-allow-origin'], '*');
      assert.ok((stream ? checkStream(answer.text).text : answer.text).includes(text));
    }
});

test('all else of a foreign page is refused, and nothing of it reaches the upstream', async () => {
  const session = unique('session');
  await nekod.ask(unique(), { session_id: session });
  const { messages } = await sim.report();
  for (const origin of ['https://evil.test', 'null', 'http://evil.test:8000', 'http://localhost.evil.test', 'https://127.0.0.1.evil.test', 'tauri://localhost', 'chrome-extension://abcdef', '']) {
    const page = { Origin: origin };
    for (const [method, path] of [['GET', '/'], ['GET', '/sessions'], ['GET', `/sessions/${session}`], ['DELETE', `/sessions/${session}`], ['DELETE', '/sessions?all=true'], ['GET', '/metrics'], ['GET', '/openapi.json'], ['GET', '/no/such'], ['POST', '/v1/models'], ['DELETE', '/v1/models'], ['GET', chats], ['POST', '/health']])
      foreign(await send(nekod, method, path, page));
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain; application/json', 'application/jsonx', ''])
      foreign(await send(nekod, 'POST', chats, { ...page, 'Content-Type': type }, question(unique())));
    foreign(await send(nekod, 'POST', chats, { ...page, ...json }, question(unique(), { session_id: session })));
    for (const field of ['X-Session-Id', 'x-nekod-session'])
      foreign(await send(nekod, 'POST', chats, { ...page, ...json, [field]: session }, question(unique())));
    for (const [path, wanted] of [['/sessions', { method: 'GET' }], ['/sessions/x', { method: 'DELETE' }], [chats, { method: 'DELETE' }], [chats, { method: 'POST', headers: 'content-type, X-Session-ID' }], ['/v1/models', { method: 'POST' }], ['/no/such', { method: 'GET' }]])
      foreign(await send(nekod, 'OPTIONS', path, { ...page, 'Access-Control-Request-Method': wanted.method, 'Access-Control-Request-Headers': wanted.headers ?? 'authorization' }));
  }
  assert.equal((await sim.report()).messages, messages);
  assert.equal((await send(nekod, 'GET', `/sessions/${session}`)).status, 200);
});

test('an image or a script of another site is refused, a link to here is not', async () => {
  const element = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' };
  for (const path of ['/', '/v1/models', '/sessions', '/metrics', '/health']) foreign(await send(nekod, 'GET', path, element));
  const link = { ...element, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };
  assert.equal((await send(nekod, 'GET', '/', link)).status, 200);
  for (const site of ['same-origin', 'same-site', 'none'])
    assert.equal((await send(nekod, 'GET', '/sessions', { ...element, 'Sec-Fetch-Site': site })).status, 200);
});

test('pages of this machine, and of the address itself, may do everything and are named', async () => {
  const own = `http://192.168.7.7:${nekod.port}`;
  for (const [origin, host] of [['http://localhost:3000'], ['http://127.0.0.1:5173'], ['https://[::1]'], ['http://app.localhost'], [own, own.slice(7)], ['https://nekod', 'nekod']]) {
    const page = { Origin: origin, ...(host && { Host: host }) };
    const text = unique('own');
    const session = unique('session');
    const answer = await send(nekod, 'POST', chats, { ...page, ...json }, question(text, { session_id: session }));
    assert.equal(answer.status, 200, answer.text);
    const preflight = await send(nekod, 'OPTIONS', '/sessions/x', { ...page, 'Access-Control-Request-Method': 'DELETE', 'Access-Control-Request-Headers': 'x-session-id' });
    assert.equal(preflight.status, 204);
    const removed = await send(nekod, 'DELETE', `/sessions/${session}`, page);
    assert.equal(removed.status, 200);
    const missing = await send(nekod, 'GET', '/no/such', page);
    assert.equal(missing.status, 404);
    for (const { headers } of [answer, preflight, removed, missing]) {
      assert.equal(headers['access-control-allow-origin'], origin);
      assert.match(headers.vary, /Origin/);
      assert.match(headers['access-control-expose-headers'], /X-Session-Id/);
    }
  }
});

test('--allowed-hosts and --cors-origins allow more, also once they are reloaded', async (t) => {
  const named = ['--cors-origins', 'https://app.test', '--allowed-hosts', 'chat.test, *.wide.test'];
  const other = await gateway(t, [...leadingTo(sim), ...named]);
  for (const host of ['chat.test', 'CHAT.test:443', 'a.wide.test']) {
    assert.equal((await send(other, 'GET', '/sessions', { Host: host })).status, 200, host);
    assert.equal((await send(other, 'GET', '/sessions', { Host: host, Origin: `https://${host}` })).status, 200, host);
  }
  misnamed(await send(other, 'GET', '/sessions', { Host: 'other.test' }));
  const allowed = await send(other, 'DELETE', '/sessions/x', { Origin: 'https://app.test' });
  assert.equal(allowed.status, 404);
  assert.equal(allowed.headers['access-control-allow-origin'], 'https://app.test');
  // If some origins are named, other pages get nothing.
  for (const [method, path] of [['GET', '/v1/models'], ['GET', '/health'], ['POST', chats]])
    foreign(await send(other, method, path, { ...evil, ...json }, method === 'POST' ? question(unique()) : undefined));
  assert.equal((await send(other, 'GET', '/v1/models')).headers['access-control-allow-origin'], undefined);

  const file = join(temporaryFolder(t), 'nekod.toml');
  writeFileSync(file, '');
  const reloaded = await gateway(t, [...leadingTo(sim), '--config', file]);
  misnamed(await send(reloaded, 'GET', '/sessions', { Host: 'chat.test' }));
  writeFileSync(file, 'allowed-hosts = "chat.test"\ncors-origins = "*"\n');
  reloaded.kill('SIGHUP');
  await until(async () => (await send(reloaded, 'GET', '/sessions', { Host: 'chat.test' })).status === 200, 'it is not allowed');
  const any = await send(reloaded, 'GET', '/sessions', evil);
  assert.equal(any.status, 200);
  assert.equal(any.headers['access-control-allow-origin'], 'https://evil.test');
});

test('with keys any page may come with one, and /metrics is not for pages of other machines', async (t) => {
  const file = join(temporaryFolder(t), 'keys');
  const key = addKey(file, 'alice');
  const keyed = await gateway(t, [...leadingTo(sim), '--api-keys', file]);
  const bearer = { Authorization: `Bearer ${key}` };
  for (const page of [evil, { Origin: 'null' }, { Host: 'evil.test' }, {}]) {
    for (const [method, path, status] of [['GET', '/sessions', 200], ['DELETE', '/sessions/x', 404], ['GET', '/no/such', 404]]) {
      const answer = await send(keyed, method, path, { ...page, ...bearer });
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.headers['access-control-allow-origin'], '*');
    }
    const refused = await send(keyed, 'GET', '/sessions', page);
    assert.equal(refused.status, 401);
    assert.equal(refused.headers['access-control-allow-origin'], '*');
  }
  const status = async (fields) => (await send(keyed, 'GET', '/metrics', fields)).status;
  assert.equal(await status({}), 200);
  assert.equal(await status({ Origin: 'http://localhost:3000' }), 200);
  for (const page of [evil, { Origin: 'null' }, { Host: 'evil.test' }, { 'Sec-Fetch-Site': 'cross-site' }]) assert.equal(await status(page), 403);
});

test('a body that is long is not read for a page that may not send it', async (t) => {
  const connection = new Connection(nekod.port).reading();
  t.after(() => connection.end());
  await connection.send(rawRequest('POST', '/sessions', '', { ...evil, 'Content-Length': 10 << 20 }));
  await connection.seen(/^HTTP\/1\.1 403 [^]*origin_not_allowed/);
});

test('the simulator saw no wrong use', async () => {
  assert.equal((await sim.quiet()).violation_count, 0);
});
