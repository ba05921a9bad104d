// Servers that take over a turn before its answer has begun, and never after.

import assert from 'node:assert/strict';
import test from 'node:test';
import { accountToken, checkBrokenStream, checkStream, expectError, gateway, simulator, unique, until } from './support.mjs';

/// A server and its fall-back.
async function start(t, args = []) {
  const [main, spare] = [await simulator(t), await simulator(t)];
  const table = (name, sim, more) => `
    [upstreams.${name}]
    kind = "openai"
    url = "${sim.url}/v1"
    key = "${accountToken}"
    ${more}`;
  const home = {
    'nekod.toml':
      table('main', main, 'fallbacks = ["spare"]\nfirst-token-timeout = 1') + table('spare', spare, 'model = "spare model"'),
  };
  const more = ['--store', 'memory', '--port', '0', '--language', 'en', '--request-timeout', '5', ...args];
  return { main, spare, nekod: await gateway(t, ['--config', 'nekod.toml', ...more], { home }) };
}

const say = (nekod, text, fields = {}) => nekod.post({ messages: [{ role: 'user', content: text }], ...fields });

const failing = {
  'two 500': [{ kind: 'status', status: 500, times: 2 }],
  'a lasting 503': [{ kind: 'status', status: 503, times: 1000 }],
  'a limit': [{ kind: 'status', status: 429, retry_after: 60 }],
  'a refused key': [{ kind: 'status', status: 401 }],
  'connections that break before an answer': [{ kind: 'reset', times: 2 }],
  'no reply': [{ kind: 'silent' }, 'streams only'],
  'an error in place of text': [{ kind: 'error_chunk', body: '{"error":{"message":"no"}}' }, 'streams only'],
  'a stream that is cut when it has only said who speaks': [{ kind: 'cut', after_events: 1 }, 'streams only'],
  'a stream that stalls there': [{ kind: 'stall', after_events: 1 }, 'streams only'],
  'a page': [{ kind: 'html' }],
};
for (const [name, [fault, streams]] of Object.entries(failing))
  test(`${name}: another answers, and the conversation goes on at the first`, async (t) => {
    const { main, spare, nekod } = await start(t);
    for (const stream of streams ? [true] : [false, true]) {
      const [id, first, second] = [unique('session'), unique(), unique()];
      await main.fault({ call: 'completions', ...fault });
      if (stream) checkStream(await (await nekod.stream(first, { session_id: id })).rest());
      else await nekod.ask(first, { session_id: id });
      const taken = await spare.completionOf(first);
      assert.equal(taken.body.model, 'spare model');
      await main.clearFaults();
      // The first may rest for a while.
      await nekod.ask(second, { session_id: id });
      const told = (await main.completionOf(second)) ?? (await spare.completionOf(second));
      assert.deepEqual(told.body.messages.map((m) => m.role), ['user', 'assistant', 'user']);
    }
  });

test('a server that cannot be reached', async (t) => {
  const { main, spare, nekod } = await start(t);
  await main.stop();
  const text = unique();
  await nekod.ask(text);
  assert.ok(await spare.completionOf(text));
});

test('a slow first text: the other is asked, and the first no more', async (t) => {
  const { main, spare, nekod } = await start(t);
  const text = `[sim first=30000] ${unique()}`;
  const stream = await nekod.stream(text);
  await main.completed(text, 'aborted');
  stream.leave();
});

test('one that hangs is left alone like one that fails', async (t) => {
  const { main, nekod } = await start(t, ['--circuit-failures', '2', '--circuit-rest', '50']);
  await main.fault({ call: 'completions', kind: 'silent', times: 1000 });
  for (let i = 0; i < 4; ++i) checkStream(await (await nekod.stream(unique())).rest());
  assert.equal((await main.report()).calls.completions, 2);
});

test('usage is that of the answer that was given', async (t) => {
  const { main, spare, nekod } = await start(t);
  await main.fault({ call: 'completions', kind: 'status', status: 500, times: 2 });
  const text = `[sim tokens=7] ${unique()}`;
  const raw = await (await nekod.stream(text, { stream_options: { include_usage: true } })).rest();
  checkStream(raw, { usage: true });
  assert.equal(raw.match(/"usage":\{/g).length, 1);
  assert.ok(await spare.completionOf(text));
});

test('never after text reached the client', async (t) => {
  const { main, spare, nekod } = await start(t);
  for (const kind of ['cut', 'error_event', 'no_finish']) {
    const text = unique();
    await main.fault({ call: 'completions', kind, after_events: 5 });
    checkBrokenStream(await (await nekod.stream(text)).rest());
    assert.equal(await spare.completionOf(text), undefined);
  }
});

test('what is wrong with a request is told in the words of the first, and asked once', async (t) => {
  const { main, spare, nekod } = await start(t);
  const body = '{"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}';
  await main.fault({ call: 'completions', kind: 'status', status: 400, body });
  const text = unique();
  const error = await expectError(await say(nekod, text), 400, 'context_length_exceeded');
  assert.equal(error.message, 'too long');
  assert.equal(await spare.completionOf(text), undefined);
});

test('a fall-back that refuses the request: what the first said counts', async (t) => {
  const { main, spare, nekod } = await start(t, ['--retries', '0']);
  await main.fault({ call: 'completions', kind: 'status', status: 500 });
  await spare.fault({ call: 'completions', kind: 'status', status: 400, body: '{"error":{"message":"odd model"}}' });
  const error = await expectError(await say(nekod, unique()), 500);
  assert.doesNotMatch(error.message, /odd model/);
});

test('where both fail, they are asked again after a while', async (t) => {
  const { main, spare, nekod } = await start(t);
  for (const sim of [main, spare]) await sim.fault({ call: 'completions', kind: 'status', status: 503 });
  const text = unique();
  await nekod.ask(text);
  assert.equal((await main.completionOf(text)).state, 'done');
  assert.equal((await spare.completionOf(text)).state, 'refused');
});

test('a first one that comes and goes is left alone meanwhile, and asked again later', async (t) => {
  const { main, spare, nekod } = await start(t, ['--circuit-failures', '3', '--circuit-rest', '1']);
  const asked = async () => (await main.report()).calls.completions;
  for (let round = 0; round < 2; ++round) {
    const page = { kind: 'status', status: 502, body: '<html>Bad gateway</html>', times: 1000 };
    for (const call of ['completions', 'models']) await main.fault({ call, ...page });
    for (let i = 0; i < 3; ++i) await nekod.ask(unique());
    const before = await asked();
    for (let i = 0; i < 3; ++i) await nekod.ask(unique());
    assert.equal(await asked(), before, 'it was left alone');
    await main.clearFaults();
    await until(async () => {
      const text = unique();
      await nekod.ask(text);
      return main.completionOf(text);
    }, 'the first is never asked again');
  }
  const { upstreams } = await (await fetch(`${nekod.url}/health/ready`)).json();
  assert.deepEqual(upstreams.map((u) => u.circuit), ['closed', 'closed']);
});

test('turns that were given to another are counted', async (t) => {
  const { main, nekod } = await start(t);
  await main.fault({ call: 'completions', kind: 'status', status: 503 });
  await nekod.ask(unique());
  assert.equal(await nekod.figure('nekod_upstream_fallbacks_total{upstream="main"}'), 1);
});
