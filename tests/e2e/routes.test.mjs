// Paths, methods, models, health and preflight requests of browsers.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { Connection, expectError, gateway, leadingTo, pair, simulator, unique } from './support.mjs';

const { sim, nekod } = await pair({ after });

const get = (path, options) => fetch(nekod.url + path, options);
const hello = { model: 'mihoyo-orange_cat', messages: [{ role: 'user', content: 'hello' }] };

test('chats answer with and without /v1, a slash too many, and a query', async (t) => {
  const paths = [
    '/v1/chat/completions',
    '/chat/completions',
    '/v1/chat/completions/',
    '//v1//chat/completions',
    '/v1/chat/completions?client=x',
  ];
  for (const path of paths) {
    await t.test(path, async () => {
      const response = await nekod.post(hello, { path });
      assert.equal(response.status, 200, await response.clone().text());
      assert.equal((await response.json()).object, 'chat.completion');
    });
  }
});

test('every other path answers with and without /v1 and a trailing slash', async (t) => {
  const paths = ['/models', '/models/mihoyo-orange_cat', '/sessions', '/health'];
  for (const path of paths.flatMap((p) => [p, `${p}/`, `/v1${p}`, `/v1${p}/`, `//v1/${p}?x=y`])) {
    await t.test(path, async () => {
      const response = await get(path);
      assert.equal(response.status, 200, await response.clone().text());
      assert.match(response.headers.get('content-type'), /^application\/json/);
      assert.equal(response.headers.get('access-control-allow-origin'), '*');
      await response.json();
    });
  }
});

test('the front page says what this is', async () => {
  const response = await get('/');
  assert.equal(response.status, 200);
  assert.match(JSON.stringify(await response.json()), /chat\/completions/);
});

test('health has the shape of the manual', async () => {
  const health = await (await get('/health')).json();
  assert.equal(health.status, 'healthy');
  assert.match(health.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
  assert.match(health.version, /^\d+\.\d+\.\d+$/);
});

test('HEAD answers as GET does, without a body', async () => {
  const response = await get('/health', { method: 'HEAD' });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), '');
});

test('an unknown path is a 404 in JSON', async () => {
  for (const path of ['/nope', '/v1/nope', '/v1/chat', '/index.html', '/v1/embeddings']) {
    await expectError(await get(path), 404, 'not_found', 'invalid_request_error');
  }
});

test('a wrong method is a 405 in JSON that names the right ones', async () => {
  const wrong = [
    ['GET', '/v1/chat/completions', /POST/],
    ['PUT', '/v1/chat/completions', /POST/],
    ['POST', '/v1/models', /GET/],
    ['DELETE', '/v1/models/mihoyo-orange_cat', /GET/],
    ['POST', '/sessions', /^GET, HEAD, DELETE, OPTIONS$/],
    ['PUT', '/sessions/abc', /^GET, HEAD, DELETE, OPTIONS$/],
    ['DELETE', '/health', /GET/],
    ['POST', '/v1/responses/resp_1', /^GET, HEAD, DELETE, OPTIONS$/],
  ];
  for (const [method, path, allowed] of wrong) {
    const response = await get(path, { method });
    assert.match(response.headers.get('allow') ?? '', allowed, `${method} ${path}`);
    await expectError(response, 405, 'method_not_allowed', 'invalid_request_error');
  }
});

test('Codex falls back to HTTP if its upgrade is refused as one, on any path', async (t) => {
  for (const path of ['/v1/responses', '/v1/responses/resp_0', '/v1/chat/completions', '/v1/realtime']) {
    const connection = await new Connection(nekod.port).reading().send(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`,
    );
    t.after(() => connection.end());
    await connection.seen(path.endsWith('realtime') ? /^HTTP\/1.1 40[45] / : /^HTTP\/1.1 426 [^]*upgrade_not_supported/);
  }
});

test('the list of models has the shape of the manual', async () => {
  const list = await (await get('/v1/models')).json();
  assert.equal(list.object, 'list');
  assert.deepEqual(
    list.data.map(({ id, anuneko_model, anuneko_model_id }) => [id, anuneko_model, anuneko_model_id]),
    [
      ['mihoyo-orange_cat', 'Orange Cat', 0],
      ['mihoyo-exotic_shorthair', 'Exotic Shorthair', 1],
    ],
  );
  for (const model of list.data) {
    assert.equal(model.object, 'model');
    assert.equal(model.owned_by, 'anuneko');
    assert.ok(Number.isInteger(model.created) && model.created < 1e11);
    assert.deepEqual([model.permission, model.root, model.parent], [[], model.id, null]);
  }
  assert.deepEqual(list.anuneko_api_response, { models: ['Orange Cat', 'Exotic Shorthair'] });
});

test('one model is found by its name', async () => {
  const list = await (await get('/v1/models')).json();
  const model = await (await get('/v1/models/mihoyo-exotic_shorthair')).json();
  assert.deepEqual(
    { ...model, created: 0 },
    { ...list.data.find((m) => m.id === 'mihoyo-exotic_shorthair'), created: 0 },
  );
});

test('an unknown model is a 404 that names the field', async () => {
  const response = await get('/v1/models/gpt-4o');
  const error = await expectError(response, 404, 'model_not_found', 'invalid_request_error');
  assert.equal(error.param, 'model');
});

test('names with slashes are found, encoded or not', async (t) => {
  const aliased = await gateway(t, [
    ...leadingTo(sim),
    ...['--model-alias', 'cats/orange=Orange Cat', '--model-alias', '橘猫=Orange Cat'],
  ]);
  for (const path of ['cats%2Forange', 'cats/orange']) {
    const response = await fetch(`${aliased.url}/v1/models/${path}`);
    assert.equal(response.status, 200, path);
    assert.equal((await response.json()).id, 'cats/orange');
  }
  const chinese = await fetch(`${aliased.url}/v1/models/${encodeURIComponent('橘猫')}`);
  assert.equal((await chinese.json()).id, '橘猫');
  await aliased.ask(unique('alias'), { model: 'cats/orange' });
});

test('the models come from the upstream, and a chat goes to the one it names', async (t) => {
  const cats = await simulator(t);
  await cats.settings({ models: ['Tuxedo', 'Black Cat'] });
  const other = await gateway(t, leadingTo(cats));
  const { data } = await (await fetch(`${other.url}/v1/models`)).json();
  assert.deepEqual(
    data.map((model) => model.id),
    ['mihoyo-tuxedo', 'mihoyo-black_cat'],
  );
  const text = unique();
  await other.ask(text, { model: 'mihoyo-black_cat' });
  assert.equal((await cats.chatWith(text)).model, 'Black Cat');
});

test('without a list from the upstream Orange Cat serves', async (t) => {
  const shy = await simulator(t);
  await shy.fault({ call: 'view', kind: 'status', status: 500, times: 100 });
  const other = await gateway(t, leadingTo(shy));
  const { data } = await (await fetch(`${other.url}/v1/models`)).json();
  assert.ok(data.some((model) => model.id === 'mihoyo-orange_cat'));
  const text = unique();
  await other.ask(text);
  assert.equal((await shy.chatWith(text)).model, 'Orange Cat');
});

test("names of models that would end a header field or a log's line are left out", async (t) => {
  const odd = await simulator(t);
  const split = 'x\r\nSet-Cookie: a=b\r\n\r\nevil';
  await odd.settings({ models: [split, 'n'.repeat(257), 'tab\t', 'Orange Cat'] });
  const other = await gateway(t, leadingTo(odd));
  const { data } = await (await fetch(`${other.url}/v1/models`)).json();
  assert.deepEqual(data.map((model) => model.id), ['mihoyo-orange_cat']);
  for (const stream of [false, true]) {
    const response = await other.post({ model: 'unknown', stream, messages: [{ role: 'user', content: unique() }] });
    assert.equal(response.headers.get('x-model-fallback'), 'mihoyo-orange_cat');
    assert.equal(response.headers.get('set-cookie'), null);
    await response.text();
  }
  await other.logged(/未找到模型映射.*\n/);
  assert.doesNotMatch(other.log, /^Set-Cookie/m);
});

test('a chat with an unknown model goes to the default', async () => {
  const text = unique();
  await nekod.ask(text, { model: 'gpt-4o' });
  assert.equal((await sim.chatWith(text)).model, 'Orange Cat');
  await nekod.logged(/未找到模型映射|gpt-4o/);
  const bare = unique();
  const response = await nekod.post({ messages: [{ role: 'user', content: bare }] });
  assert.equal(response.status, 200, await response.text());
});

test('a preflight needs no key and is echoed what it asked for', async () => {
  const wanted = 'authorization,content-type,user-agent,x-stainless-lang,x-stainless-retry-count';
  for (const [path, method] of [['/v1/chat/completions', 'POST'], ['/v1/models', 'GET'], ['/health', 'GET']]) {
    const response = await get(path, {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://chat.example',
        'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': wanted,
      },
    });
    assert.equal(response.status, 204);
    assert.equal(await response.text(), '');
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
    assert.equal(response.headers.get('access-control-allow-headers'), wanted);
    for (const allowed of ['GET', 'POST', 'DELETE', 'OPTIONS'])
      assert.match(response.headers.get('access-control-allow-methods'), new RegExp(allowed));
  }
});

test('a page may read the headers that matter', async () => {
  const response = await get('/health', { headers: { Origin: 'https://chat.example' } });
  const exposed = (response.headers.get('access-control-expose-headers') ?? '').toLowerCase();
  for (const name of ['x-request-id', 'x-session-id', 'x-session-match', 'x-resumable', 'retry-after'])
    assert.ok(exposed.includes(name), `${name} in ${exposed}`);
});
