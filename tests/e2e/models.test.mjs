// `GET /v1/models`: lists in all the forms that servers use, and what clients get of them.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { scriptedServer, leadingToAddress } from './scripted.mjs';
import { gateway, simulator, accountToken, unique, until } from './support.mjs';

const listOf = async (nekod, query = '') => (await fetch(`${nekod.url}/v1/models${query}`)).json();

/// nekod in front of a server with that list.
async function listed(t, models, args = []) {
  const server = await scriptedServer(t, models);
  return { server, nekod: await gateway(t, [...leadingToAddress(`${server.origin}/v1`), ...args]) };
}

const forms = {
  'as OpenAI has it': { object: 'list', data: [{ id: 'm' }, { id: 'org/m2' }] },
  'as a bare array': [{ id: 'm' }, { id: 'org/m2' }],
  'as an array of names': ['m', 'org/m2'],
  'as Ollama has it': { models: [{ name: 'm', model: 'm' }, { name: 'org/m2', model: 'org/m2' }] },
  'as llama.cpp has it': { models: [{ name: 'm' }, { name: 'org/m2' }], object: 'list', data: [{ id: 'm' }, { id: 'org/m2' }] },
};

for (const [name, models] of Object.entries(forms)) {
  test(`a list ${name} is taken`, async (t) => {
    const { nekod } = await listed(t, models);
    const { object, data } = await listOf(nekod);
    assert.equal(object, 'list');
    assert.deepEqual(data.map((model) => model.id), ['m', 'org/m2']);
    for (const model of data) {
      assert.equal(model.object, 'model');
      assert.equal(model.owned_by, 'openai');
      assert.ok(Number.isInteger(model.created));
    }
    // A request without a model gets the first one of the list.
    assert.equal((await nekod.post({ messages: [{ role: 'user', content: unique() }] })).status, 200);
  });
}

const rich = {
  object: 'list',
  data: [
    {
      id: 'org/qwen',
      object: 'something',
      created: 1686935002,
      owned_by: 'vllm',
      root: '/models/qwen',
      parent: null,
      max_model_len: 4096,
      context_length: 4096,
      capabilities: ['completion'],
      meta: { n_ctx_train: 131072, size: 123456789012345678n.toString() },
      permission: [{ id: 'p', allow_view: true }],
    },
  ],
};

test("a server's own members are kept, in the list and of one model, and under an alias", async (t) => {
  const { nekod } = await listed(t, rich, ['--model-alias', 'q=org/qwen']);
  const [model, alias] = (await listOf(nekod)).data;
  const wanted = { ...rich.data[0], object: 'model' };
  assert.deepEqual(model, wanted);
  assert.deepEqual(alias, { ...wanted, id: 'q' });
  for (const path of ['org/qwen', 'org%2Fqwen'])
    assert.deepEqual(await (await fetch(`${nekod.url}/v1/models/${path}`)).json(), wanted);
});

test('a model without a time has the same one each time', async (t) => {
  const { nekod } = await listed(t, ['m']);
  const [first] = (await listOf(nekod)).data;
  assert.ok(first.created <= Date.now() / 1000);
  await until(() => Math.floor(Date.now() / 1000) > first.created + 1, 'the clock stands');
  assert.equal((await listOf(nekod, '?refresh=true')).data[0].created, first.created);
});

test('two servers with a model of one name keep their members apart', async (t) => {
  const servers = [await scriptedServer(t, [{ id: 'm', created: 1, n: 1 }]), await scriptedServer(t, [{ id: 'm', created: 2, n: 2 }])];
  const tables = servers.map(({ origin }, i) => `[upstreams.u${i}]\nkind = "openai"\nurl = "${origin}/v1"\n`);
  const nekod = await gateway(t, ['--config', 'nekod.toml', '--store', 'memory', '--port', '0'], { home: { 'nekod.toml': tables.join('') } });
  assert.deepEqual(
    (await listOf(nekod)).data.map(({ id, created, n }) => [id, created, n]),
    [['m', 1, 1], ['u1/m', 2, 2]],
  );
  assert.equal((await (await fetch(`${nekod.url}/v1/models/u1%2Fm`)).json()).n, 2);
});

test('hostile names and lists without a model are passed over', async (t) => {
  const { nekod, server } = await listed(t, ['a\r\nb', 'x'.repeat(300), { id: { deep: 1 } }, 7, 'good'], ['--models-age', '1']);
  assert.deepEqual((await listOf(nekod)).data.map((model) => model.id), ['7', 'good']);
  server.models = '[]';
  await listOf(nekod, '?refresh=true');
  assert.deepEqual((await listOf(nekod)).data.map((model) => model.id), ['7', 'good'], 'the last list stays');
});

test('the models of AnuNeko keep the fields of the manual', async (t) => {
  const sim = await simulator(t);
  const nekod = await gateway(t, ['--anuneko-url', `${sim.url}/api/v1`, '--anuneko-token', accountToken, '--store', 'memory', '--port', '0']);
  const { data, anuneko_api_response } = await listOf(nekod);
  assert.deepEqual(Object.keys(data[0]), ['id', 'object', 'created', 'owned_by', 'permission', 'root', 'parent', 'anuneko_model', 'anuneko_model_id']);
  assert.deepEqual(anuneko_api_response, { models: ['Orange Cat', 'Exotic Shorthair'] });
});
