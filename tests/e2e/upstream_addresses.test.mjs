// Upstream addresses as people copy them: with a query, with a call's path, with slashes, with mistakes.

import assert from 'node:assert/strict';
import test from 'node:test';
import { leadingToAddress, scriptedServer } from './scripted.mjs';
import { accountToken, gateway, runToEnd, simulator, unique } from './support.mjs';

const say = (text) => ({ model: 'm', messages: [{ role: 'user', content: text }] });

/// The path of the server's request, for an address with that end.
async function askedAt(t, end, args = [], env = {}) {
  const server = await scriptedServer(t);
  const nekod = await gateway(t, [...leadingToAddress(server.origin + end), ...args], { env });
  assert.equal((await nekod.post(say(unique()))).status, 200);
  return { lines: server.requests.map((r) => r.line).sort(), headers: server.requests.at(-1).headers };
}

const azure = '/openai/deployments/x';
const cases = [
  ['/v1', ['GET /v1/models', 'POST /v1/chat/completions']],
  ['/v1///', ['GET /v1/models', 'POST /v1/chat/completions']],
  ['/v1/chat/completions', ['GET /v1/models', 'POST /v1/chat/completions']],
  ['', ['GET /models', 'POST /chat/completions']],
  [`${azure}?api-version=2024-10-21`, [`GET ${azure}/models?api-version=2024-10-21`, `POST ${azure}/chat/completions?api-version=2024-10-21`]],
  [`${azure}/?a=1&b=/`, [`GET ${azure}/models?a=1&b=/`, `POST ${azure}/chat/completions?a=1&b=/`]],
  [`${azure}/chat/completions?api-version=1`, [`GET ${azure}/models?api-version=1`, `POST ${azure}/chat/completions?api-version=1`]],
  ['?a=1', ['GET /models?a=1', 'POST /chat/completions?a=1']],
];

for (const [end, lines] of cases) {
  test(`an address that ends in ${end || 'the host'}`, async (t) => {
    assert.deepEqual((await askedAt(t, end)).lines, lines);
  });
}

test('a table takes such an address, too, and a field for the key', async (t) => {
  const server = await scriptedServer(t);
  const toml = `[upstreams.azure]\nkind = "openai"\nurl = "${server.origin}${azure}/?api-version=1"\nkey = "secret"\nkey-header = "api-key"\n`;
  const nekod = await gateway(t, ['--config', 'nekod.toml', '--store', 'memory', '--port', '0'], { home: { 'nekod.toml': toml } });
  assert.equal((await nekod.post(say(unique()))).status, 200);
  const { line, headers } = server.requests.at(-1);
  assert.equal(line, `POST ${azure}/chat/completions?api-version=1`);
  assert.deepEqual([headers['api-key'], headers.authorization], ['secret', undefined]);
});

test('a key goes as Authorization: Bearer, or in the field that is set', async (t) => {
  const key = ['--openai-key', 'secret'];
  assert.equal((await askedAt(t, '/v1', key)).headers.authorization, 'Bearer secret');
  for (const [args, env] of [[['--openai-key-header', 'api-key'], {}], [[], { OPENAI_KEY_HEADER: 'api-key' }]]) {
    const { headers } = await askedAt(t, '/v1', [...key, ...args], env);
    assert.deepEqual([headers['api-key'], headers.authorization], ['secret', undefined]);
  }
});

test("AnuNeko's address may have a query", async (t) => {
  const sim = await simulator(t);
  const args = ['--anuneko-url', `${sim.url}/api/v1/?region=eu`, '--anuneko-token', accountToken, '--store', 'memory', '--port', '0'];
  const nekod = await gateway(t, args);
  const text = unique();
  assert.ok((await nekod.ask(text)).text.includes(text));
  assert.deepEqual((await sim.quiet()).violations, []);
});

test('an address that cannot be one is refused by name, and no password is told', async (t) => {
  for (const [url, words] of [
    ['http://127.0.0.1/v1#top', /fragment/],
    ['http://name:hidden@127.0.0.1/v1', /must not contain a user name/],
    ['http://name:hidden@127.0.0.1?a=b', /must not contain a user name/],
    ['127.0.0.1/v1', /must begin with http/],
    ['http:///v1', /must name a host/],
    ['http://127.0.0.1/v 1', /spaces/],
  ]) {
    const toml = `[upstreams.x]\nkind = "openai"\nurl = "${url}"\n`;
    for (const [args, options, name] of [
      [['--upstream', 'openai', '--openai-url', url], {}, '--openai-url'],
      [['--anuneko-token', 'x', '--anuneko-url', url], {}, '--anuneko-url'],
      [['--config', 'nekod.toml'], { home: { 'nekod.toml': toml } }, 'upstreams.x.url'],
    ]) {
      const { code, log } = await runToEnd(t, args, options);
      assert.equal(code, 2, log);
      assert.ok(log.includes(name), log);
      assert.match(log, words);
      assert.ok(!log.includes('hidden'), log);
    }
  }
});

test('where /v1 is missing, the error says so', async (t) => {
  const sim = await simulator(t);
  const nekod = await gateway(t, leadingToAddress(sim.url));
  const response = await nekod.post(say(unique()));
  assert.equal(response.status, 502);
  assert.match((await response.json()).error.message, /\/v1 may be missing/);
});
