// The web page as it is served: who gets it, with which fields, in which form. How it works in a browser is in
// tests/page.

import assert from 'node:assert/strict';
import http from 'node:http';
import test, { after } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { addKey, certificate, gateway, leadingTo, simulator } from './support.mjs';
import https from 'node:https';
import { join } from 'node:path';

const sim = await simulator({ after });
const nekod = await gateway({ after }, leadingTo(sim));
const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

/// Sends a request as it is, without the fields that fetch adds.
function send(gate, path, { method = 'GET', headers = {}, secure = false } = {}) {
  return new Promise((done, failed) => {
    const options = { host: '127.0.0.1', port: gate.port, path, method, headers, agent: false, rejectUnauthorized: false };
    const request = (secure ? https : http).request(options, async (response) => {
      const parts = [];
      for await (const part of response) parts.push(part);
      done({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) });
    });
    request.on('error', failed).end();
  });
}

const front = (gate = nekod, more = {}, options = {}) => send(gate, '/', { headers: { Accept: browser, ...more }, ...options });

async function assets() {
  const html = (await front()).body.toString();
  return [...html.matchAll(/(?:src|href)="(page\/[^"]+)"/g)].map((m) => `/${m[1]}`);
}

test('a browser gets the page, a program the JSON', async () => {
  const page = await front();
  assert.equal(page.status, 200);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(page.body.toString(), /^<!doctype html>/);
  for (const accept of [undefined, '*/*', 'application/json', 'application/json, text/html;q=0.9', 'text/html;q=0']) {
    const answer = await send(nekod, '/', { headers: accept ? { Accept: accept } : {} });
    assert.equal(answer.headers['content-type'], 'application/json', accept);
    assert.equal(JSON.parse(answer.body).name, 'nekod');
    assert.equal(answer.headers.vary.split(', ').includes('Accept'), true, answer.headers.vary);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  }
});

test('the page has fields that keep it to itself', async () => {
  const { headers } = await front();
  const policy = headers['content-security-policy'].split('; ');
  assert.equal(policy[0], "default-src 'none'");
  for (const rule of ["script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"])
    assert.ok(policy.includes(rule), rule);
  assert.ok(!/unsafe|https?:/.test(headers['content-security-policy']));
  const wanted = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'x-frame-options': 'DENY',
    'permissions-policy': 'camera=(), microphone=(), geolocation=()',
    'cache-control': 'no-cache',
    vary: 'Accept, Accept-Encoding',
  };
  for (const [name, value] of Object.entries(wanted)) assert.equal(headers[name], value, name);
  assert.equal(headers['access-control-allow-origin'], undefined);
  assert.equal((await front(nekod, { Host: 'nekod' })).headers['cross-origin-opener-policy'], undefined);
});

test('files of the page may be kept for ever, and their names change with them', async () => {
  const paths = await assets();
  assert.ok(paths.length >= 4);
  for (const path of paths) {
    const file = await send(nekod, path);
    assert.equal(file.status, 200, path);
    assert.equal(file.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(file.headers['access-control-allow-origin'], undefined);
    assert.match(file.headers['content-type'], /^(text\/(javascript|css); charset=utf-8|image\/svg\+xml)$/);
    const other = await send(nekod, path.replace(/\/[\da-f]{16}\//, '/0123456789abcdef/'));
    assert.equal(other.status, 404, 'another version is not here');
    assert.equal(JSON.parse(other.body).error.code, 'not_found');
  }
  for (const path of ['/page', '/page/x', `${paths[0]}/x`, paths[0].replace(/[^/]+$/, 'index.html'), paths[0].replace(/[^/]+$/, '..%2f..%2fetc%2fpasswd')])
    assert.equal((await send(nekod, path)).status, 404, path);
});

test('gzip for those who take it, and the same bytes for the others', async () => {
  const [path] = (await assets()).filter((each) => each.endsWith('app.js'));
  const plain = await send(nekod, path);
  const small = await send(nekod, path, { headers: { 'Accept-Encoding': 'gzip, deflate' } });
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal(small.headers['content-encoding'], 'gzip');
  assert.ok(small.body.length < plain.body.length / 2);
  assert.deepEqual(gunzipSync(small.body), plain.body);
  assert.notEqual(small.headers.etag, plain.headers.etag);
  assert.equal(Number(small.headers['content-length']), small.body.length);
});

test('what has not changed is not sent again', async () => {
  const { headers } = await front();
  for (const tag of [headers.etag, `W/${headers.etag}`, `"x", ${headers.etag}`, '*']) {
    const again = await front(nekod, { 'If-None-Match': tag });
    assert.equal(again.status, 304);
    assert.equal(again.body.length, 0);
    assert.equal(again.headers.etag, headers.etag);
    assert.equal(again.headers['content-length'], undefined);
  }
  assert.equal((await front(nekod, { 'If-None-Match': '"x"' })).status, 200);
});

test('HEAD says what GET would', async () => {
  for (const path of ['/', ...(await assets())]) {
    const headers = { Accept: browser };
    const [got, head] = [await send(nekod, path, { headers }), await send(nekod, path, { headers, method: 'HEAD' })];
    assert.equal(head.body.length, 0);
    for (const name of ['etag', 'content-type', 'content-length', 'cache-control', 'vary']) assert.equal(head.headers[name], got.headers[name], `${name} of ${path}`);
  }
});

test('it is small: what a chat loads is under 42 KB, and under 120 KB with formulas', async () => {
  const seen = new Map();
  const load = async (path) => {
    if (seen.has(path)) return;
    seen.set(path, 0);
    const file = await send(nekod, path, { headers: { Accept: browser, 'Accept-Encoding': 'gzip' } });
    assert.equal(file.status, 200, path);
    seen.set(path, file.body.length);
    const text = gunzipSync(file.body).toString();
    const folder = path === '/' ? '/' : path.replace(/[^/]+$/, '');
    const names = path === '/' ? [...text.matchAll(/(?:src|href)="(page\/[^"]+)"/g)] : [...text.matchAll(/^import [^;]*'\.\/([\w.]+)';/gm), ...text.matchAll(/loadStyle\('([\w.]+)'\)/g)];
    for (const [, name] of names) await load(folder + name);
  };
  const total = () => [...seen.values()].reduce((sum, size) => sum + size, 0);
  await load('/');
  assert.ok(seen.size > 10);
  assert.ok(total() < 42 * 1024, `${total()} bytes in ${seen.size} files`);
  const app = [...seen.keys()].find((path) => path.endsWith('/app.js'));
  await load(app.replace('app.js', 'formula.js'));
  assert.ok([...seen.keys()].some((path) => path.endsWith('/katex.js')) && [...seen.keys()].some((path) => path.endsWith('/formula.css')));
  assert.ok(total() < 120 * 1024, `${total()} bytes in ${seen.size} files`);
});

test('KaTeX is sent with its licence', async (t) => {
  const app = (await assets()).find((path) => path.endsWith('/app.js'));
  const { body } = await send(nekod, app.replace('app.js', 'katex.js'));
  if (body.length < 1000) {
    t.skip('this nekod was built without KaTeX');
    return;
  }
  const [, name] = /^\/\*! KaTeX, Copyright .* see ([\w.]+) \*\/\n/.exec(body.subarray(0, 200).toString());
  assert.match((await send(nekod, app.replace('app.js', name))).body.toString(), /Khan Academy.*The above copyright notice and this permission notice shall be included/s);
});

test('with keys the page is open, for it has nothing in it', async (t) => {
  const file = join(nekod.home, 'keys');
  addKey(file, 'alice');
  const gate = await gateway(t, [...leadingTo(sim), '--api-keys', file]);
  const page = await front(gate);
  assert.equal(page.status, 200);
  assert.equal(page.headers['access-control-allow-origin'], undefined);
  assert.equal((await send(gate, (await assets())[0])).status, 200);
});

test('--page off leaves the front as it was', async (t) => {
  const gate = await gateway(t, [...leadingTo(sim), '--page', 'off']);
  const answer = await front(gate);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.ok(!/Accept/.test(answer.headers.vary ?? ''));
  assert.equal((await send(gate, (await assets())[0])).status, 404);
});

test('over TLS the opener policy holds for every host', async (t) => {
  const { cert, key } = certificate(t);
  const gate = await gateway(t, [...leadingTo(sim), '--tls-cert', cert, '--tls-key', key]);
  const { headers } = await front(gate, { Host: 'nekod' }, { secure: true });
  assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
});

test('a limit of requests does not count the files of the page', async (t) => {
  const gate = await gateway(t, [...leadingTo(sim), '--rate-limit', '1 per day']);
  assert.equal((await front(gate)).status, 200);
  for (const path of await assets()) assert.equal((await send(gate, path)).status, 200);
  assert.equal((await front(gate)).status, 429);
});
