// Several upstreams at once: which one is asked for a model, and what happens to a conversation that moves between
// them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { accountToken, expectError, gateway, runToEnd, simulator, unique, until } from './support.mjs';

/// A chat service and a server that remembers nothing, together.
const tables = (cats, local, more = '') => `
store = "memory"
port = 0
language = "en"
[upstreams.cats]
kind = "anuneko"
url = "${cats.url}/api/v1"
token = "${accountToken}"
[upstreams.local]
kind = "openai"
url = "${local.url}/v1"
key-from = "LOCAL_KEY"
models = ["qwen*"]
${more}`;

const options = (text) => ({ home: { 'nekod.toml': text }, env: { LOCAL_KEY: accountToken } });

async function house(t, more, args = []) {
  const cats = await simulator(t);
  const local = await simulator(t);
  await local.settings({ models: ['qwen', 'Orange Cat'] });
  const nekod = await gateway(t, ['--config', 'nekod.toml', ...args], options(tables(cats, local, more)));
  return { cats, local, nekod };
}

const idsOf = async (nekod) => {
  const list = await (await fetch(`${nekod.url}/v1/models`)).json();
  return list.data.map((model) => model.id);
};

test('the list has the models of all, each under a name of its own', async (t) => {
  const { nekod } = await house(t);
  assert.deepEqual(await idsOf(nekod), ['mihoyo-orange_cat', 'mihoyo-exotic_shorthair', 'qwen', 'Orange Cat']);
  for (const id of await idsOf(nekod))
    assert.equal((await fetch(`${nekod.url}/v1/models/${encodeURIComponent(id)}`)).status, 200);
});

test('a model is asked for where it is: by its list, by how its name begins, by its upstream', async (t) => {
  const { cats, local, nekod } = await house(t);
  const isAt = async (sim, text) =>
    sim === cats ? Boolean(await cats.chatWith(text)) : Boolean(await local.completionOf(text));
  for (const [model, sim, other] of [
    ['mihoyo-exotic_shorthair', cats, local],
    ['qwen', local, cats],
    ['qwen-that-nobody-lists', local, cats],
    ['local/anything', local, cats],
    ['cats/Orange Cat', cats, local],
    ['nobody knows', cats, local],
  ]) {
    const text = unique();
    await nekod.ask(text, { model });
    assert.ok(await isAt(sim, text), model);
    assert.ok(!(await isAt(other, text)), model);
  }
  const said = unique();
  await nekod.ask(said, { model: 'local/anything' });
  assert.equal((await local.completionOf(said)).body.model, 'anything');
});

test('what one upstream cannot do is refused, and another does it', async (t) => {
  const { local, nekod } = await house(t);
  const text = unique();
  const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }];
  const body = { messages: [{ role: 'user', content: text }], tools };
  await expectError(await nekod.post({ ...body, model: 'mihoyo-orange_cat' }), 400, 'unsupported_parameter');
  assert.equal((await nekod.post({ ...body, model: 'qwen' })).status, 200);
  assert.deepEqual((await local.completionOf(text)).body.tools, tools);
});

test('a conversation goes to another upstream and back, and all of it is told there', async (t) => {
  const { cats, local, nekod } = await house(t);
  const id = unique('session');
  const [first, second, third, fourth] = ['first', 'second', 'third', 'fourth'].map(unique);
  await nekod.ask(first, { session_id: id });
  await nekod.ask(second, { session_id: id, model: 'qwen' });
  const told = (await local.completionOf(second)).body.messages;
  assert.deepEqual(told.map((m) => m.role), ['user', 'assistant', 'user']);
  assert.equal(told[0].content, first);
  await nekod.ask(third, { session_id: id, model: 'qwen' });
  assert.equal((await local.completionOf(third)).body.messages.length, 5);
  await nekod.ask(fourth, { session_id: id });
  const chat = await cats.chatWith(fourth);
  assert.equal(chat.messages.length, 1, 'a new chat');
  for (const text of [first, second, third]) assert.ok(chat.messages[0].text.includes(text), text);
  assert.equal((await cats.report()).violation_count, 0);
});

test('conversations of both go on where they were after a restart', async (t) => {
  const cats = await simulator(t);
  const local = await simulator(t);
  const text = tables(cats, local).replace('store = "memory"', `store = "sqlite:${t.name.length}.db"`);
  const start = () => gateway(t, ['--config', 'nekod.toml'], { ...options(text) });
  const before = await start();
  const file = `${before.home}/${t.name.length}.db`;
  const [id, other, first] = [unique('session'), unique('session'), unique()];
  await before.ask(first, { session_id: id });
  await before.ask(first, { session_id: other, model: 'qwen' });
  before.kill();
  await before.ended();
  const after = await gateway(t, ['--config', 'nekod.toml', '--store', `sqlite:${file}`], options(text));
  const second = unique();
  await after.ask(second, { session_id: id });
  assert.equal((await cats.chatWith(second)).messages.length, 2);
  await after.ask(second, { session_id: other, model: 'qwen' });
  assert.equal((await local.completionOf(second)).body.messages.length, 3);
});

test('one upstream that says nothing keeps nobody waiting who wants another', async (t) => {
  const cats = await simulator(t);
  const local = await simulator(t);
  await local.fault({ call: 'models', kind: 'silent', times: 1000 });
  const nekod = await gateway(t, ['--config', 'nekod.toml', '--request-timeout', '50'], options(tables(cats, local)));
  assert.ok((await nekod.ask(unique())).text);
  assert.ok((await nekod.ask(unique(), { model: 'qwen' })).text);
});

test('ready while one of them works; each is told of', async (t) => {
  const { cats, local, nekod } = await house(t);
  const look = async () => (await fetch(`${nekod.url}/health/ready`)).json();
  await until(async () => (await look()).upstreams.every((u) => u.accounts.working === 1), 'not both work');
  await local.stop();
  assert.equal((await nekod.post({ model: 'qwen', messages: [{ role: 'user', content: 'x' }] })).status, 502);
  const { status, upstreams } = await look();
  assert.equal(status, 'ready');
  assert.deepEqual(
    upstreams.map(({ name, accounts }) => [name, accounts.working, accounts.unreachable]),
    [
      ['cats', 1, 0],
      ['local', 0, 1],
    ],
  );
  await nekod.ask(unique());
  await cats.stop();
  assert.equal((await nekod.post({ messages: [{ role: 'user', content: 'x' }] })).status, 502);
  assert.deepEqual((await look()).reasons, ['upstream_unreachable']);
});

test('calls and accounts are counted for each', async (t) => {
  const { nekod } = await house(t);
  await nekod.ask(unique());
  await nekod.ask(unique(), { model: 'qwen' });
  for (const series of [
    'nekod_upstream_calls_total{call="post_message",outcome="ok",upstream="cats"}',
    'nekod_upstream_calls_total{call="chat_completions",outcome="ok",upstream="local"}',
    'nekod_upstream_accounts{state="works",upstream="cats"}',
    'nekod_upstream_accounts{state="works",upstream="local"}',
  ])
    assert.equal(await nekod.figure(series), 1, series);
});

test('wrong tables are named, and right ones shown without their secrets', async (t) => {
  const sim = { url: 'http://127.0.0.1:1' };
  const run = (more) => runToEnd(t, ['--config', 'nekod.toml', '--check-config'], options(tables(sim, sim, more)));
  const { code, log } = await run('fallbacks = []');
  assert.equal(code, 0, log);
  assert.match(log, /^\[upstreams\.cats\]\nkind = "anuneko"\nurl = .*\ntoken = \["\*\*\*"\]$/m);
  assert.ok(!log.includes(accountToken));
  for (const [more, words] of [
    ['colour = "red"', 'upstreams.local.colour'],
    ['fallbacks = ["cats"]', 'upstreams.local cannot fall back to cats'],
    ['[upstreams.third]\nkind = "magic"', 'upstreams.third'],
    ['[upstreams.cats.accounts.a]\nweight = 0', 'upstreams.cats.accounts.a.weight'],
  ]) {
    const wrong = await run(more);
    assert.equal(wrong.code, 2);
    assert.ok(wrong.log.includes(words), wrong.log);
  }
});
