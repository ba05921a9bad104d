// nekod behind Debian's nginx and Apache, with the files in scripts/proxies/ for operators; only the ports differ.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { dirname, join, resolve } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Foreign, folder, onFreePort } from './foreign.mjs';
import { checkStream, expectError, gateway, leadingTo, pair, unique, until } from './support.mjs';

const examples = resolve(dirname(fileURLToPath(import.meta.url)), '../../scripts/proxies');

/// The configuration around a site's file.
const servers = {
  nginx: {
    site: (port, upstream) =>
      rendered('nginx.conf', [
        ['listen 80;', `listen 127.0.0.1:${port};`],
        ['listen [::]:80;', ''],
        ['server 127.0.0.1:8000;', `server 127.0.0.1:${upstream};`],
      ]),
    main: (home) => `
      daemon off;
      master_process off;
      pid ${home}/nginx.pid;
      error_log ${home}/error.log info;
      events {}
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
          .map((kind) => `${kind}_temp_path ${home}/${kind};`)
          .join('\n        ')}
        include ${home}/site.conf;
      }`,
    command: (home) => ['nginx', '-p', home, '-e', `${home}/error.log`, '-c', `${home}/main.conf`],
  },
  apache2: {
    site: (port, upstream) =>
      rendered('apache.conf', [
        ['<VirtualHost *:80>', `<VirtualHost 127.0.0.1:${port}>`],
        ['http://127.0.0.1:8000/', `http://127.0.0.1:${upstream}/`],
      ]),
    main: (home, port) => `
      ServerName localhost
      ServerRoot ${home}
      DefaultRuntimeDir ${home}
      PidFile ${home}/apache2.pid
      ErrorLog ${home}/error.log
      Listen 127.0.0.1:${port}
      User www-data
      Group www-data
      ${['mpm_event', 'authz_core', 'headers', 'proxy', 'proxy_http']
        .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
        .join('\n      ')}
      Include ${home}/site.conf\n`,
    command: (home) => ['apache2', '-X', '-d', home, '-f', `${home}/main.conf`],
  },
};

/// The example *file* with the first text of each pair, which must occur, replaced by the second.
function rendered(file, changes) {
  let text = readFileSync(join(examples, file), 'utf8');
  for (const [from, to] of changes) {
    assert.ok(text.includes(from), `${file} has ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/// Starts a proxy in front of *nekod*, in the foreground and as one process, and returns nekod as seen through it.
async function behind(kind, nekod, scope) {
  const { site, main, command } = servers[kind];
  const home = folder(scope);
  const port = await onFreePort(
    (port) => {
      writeFileSync(join(home, 'site.conf'), site(port, nekod.port));
      writeFileSync(join(home, 'main.conf'), main(home, port));
      return new Foreign(scope, command(home));
    },
    (proxy) => {
      const log = join(home, 'error.log');
      return proxy.said + (existsSync(log) ? readFileSync(log, 'utf8') : '');
    },
  );
  return Object.create(nekod, { url: { value: `http://127.0.0.1:${port}` } });
}

const { sim, nekod } = await pair({ after }, { nekod: ['--heartbeat', '0.2'] });

/// The status of an answer to a client at *localAddress*.
const askFrom = (localAddress, { url }, headers = {}) =>
  new Promise((told, failed) => {
    const options = { method: 'POST', localAddress, agent: false };
    const request = http.request(`${url}/v1/chat/completions`, options, (response) => {
      response.resume().on('end', () => told(response.statusCode));
    });
    Object.entries(headers).forEach(([name, value]) => request.setHeader(name, value));
    request.on('error', failed).end(JSON.stringify({ messages: [{ role: 'user', content: unique() }] }));
  });

const message = async (text) =>
  (await sim.chatWith(text))?.messages.find((entry) => entry.text.includes(text));
const aborted = (text) =>
  until(async () => (await message(text))?.state === 'aborted', `${text} is not aborted`);

for (const kind of Object.keys(servers)) {
  const proxied = await behind(kind, nekod, { after });

  test(`${kind}: a whole answer passes`, async () => {
    const text = unique();
    const { response, json } = await proxied.ask(text);
    assert.ok(json.choices[0].message.content.includes(text));
    assert.equal(response.headers.get('x-session-id'), json.session_id);
    assert.ok(response.headers.get('x-request-id'));
    assert.match(response.headers.get('server'), new RegExp(kind.replace(/\d/, ''), 'i'), 'the proxy answers');
  });

  test(`${kind}: a whole stream passes`, async () => {
    const text = unique();
    const stream = await proxied.stream(`[sim tokens=500] ${text}`);
    assert.match(stream.response.headers.get('content-type'), /^text\/event-stream/);
    assert.equal(checkStream(await stream.rest()).text, (await message(text)).reply);
  });

  test(`${kind}: text arrives while more of it is held back`, async () => {
    const text = unique();
    await sim.fault({ call: 'stream', kind: 'stall', after_events: 4 });
    const stream = await proxied.stream(`[sim tokens=500] ${text}`);
    await stream.started();
    assert.equal((await message(text)).state, 'streaming', 'the reply goes on');
    await stream.seen(/: keep-alive\n\n/);
    assert.equal((await sim.report()).active_replies, 1);
    stream.leave();
    await aborted(text);
  });

  test(`${kind}: a client that leaves cancels the reply upstream`, async () => {
    const [id, text] = [unique('session'), unique()];
    const stream = await proxied.stream(`[sim tokens=200000 delay=20] ${text}`, { session_id: id });
    await stream.started();
    stream.leave();
    await aborted(text);
    assert.equal((await sim.quiet()).active_replies, 0);
    const next = unique('after');
    assert.ok((await proxied.ask(next, { session_id: id })).text.includes(next));
  });

  test(`${kind}: errors are nekod's, also for a body that is too long`, async () => {
    await expectError(await proxied.post('{'), 400);
    await expectError(await proxied.post(`"${'x'.repeat(16 << 20)}"`), 413, 'content_too_large');
    await expectError(await fetch(`${proxied.url}/no/such/path`), 404, 'not_found');
  });

  test(`${kind}: many clients share a few connections`, async () => {
    const texts = Array.from({ length: 20 }, () => unique());
    const answers = await Promise.all(texts.map((text) => proxied.ask(text)));
    answers.forEach(({ text }, i) => assert.ok(text.includes(texts[i])));
  });

  test(`${kind}: clients are told apart by the address that it forwards`, async (t) => {
    const limits = ['--chat-rate-limit', '1 per hour', '--trusted-proxies', '127.0.0.1'];
    const trusting = await behind(kind, await gateway(t, [...leadingTo(sim), ...limits]), t);
    assert.equal(await askFrom('127.0.0.2', trusting), 200);
    assert.equal(await askFrom('127.0.0.3', trusting), 200);
    assert.equal(await askFrom('127.0.0.2', trusting), 429);
    const madeUp = { 'X-Forwarded-For': '192.0.2.7', 'X-Real-IP': '192.0.2.7' };
    assert.equal(await askFrom('127.0.0.3', trusting, madeUp), 429, 'what a client says of itself');

    const wary = await behind(kind, await gateway(t, [...leadingTo(sim), ...limits.slice(0, 2)]), t);
    assert.equal(await askFrom('127.0.0.2', wary), 200);
    assert.equal(await askFrom('127.0.0.3', wary), 429, 'nobody told it to believe the proxy');
  });

  test(`${kind}: without keys its public name has to be allowed`, async (t) => {
    const named = (to) =>
      new Promise((told, failed) => {
        const options = { headers: { Host: 'your-domain.com' }, agent: false };
        http.get(`${to.url}/v1/models`, options, (answer) => answer.resume().on('end', () => told(answer.statusCode))).on('error', failed);
      });
    assert.equal(await named(proxied), 403);
    const allowing = await gateway(t, [...leadingTo(sim), '--allowed-hosts', 'your-domain.com']);
    assert.equal(await named(await behind(kind, allowing, t)), 200);
  });

  test(`${kind}: metrics are not for everybody`, async () => {
    for (const path of ['/metrics', '/v1/metrics', '/metrics/', '//v1//metrics?a=b', '/%6detrics']) {
      const response = await fetch(proxied.url + path);
      await response.text();
      assert.equal(response.status, 403, path);
    }
  });
}

test('the simulator saw no wrong use', async () => {
  const report = await sim.quiet();
  assert.deepEqual(report.violations, []);
});
