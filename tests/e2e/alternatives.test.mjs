// Rests of accounts and circuit breakers choose between alternatives. Without an alternative they refuse nothing,
// and clients hear what the upstream says.

import assert from 'node:assert/strict';
import test from 'node:test';
import { freePort } from './foreign.mjs';
import { checkStream, expectError, gateway, unique, until } from './support.mjs';
import { answer, failure, leadingToAddress, reply, replyWell, scriptedServer } from './scripted.mjs';

const english = ['--language', 'en'];
const chat = (text, fields = {}) => ({ model: 'm', messages: [{ role: 'user', content: text }], ...fields });
const look = async (nekod) => (await fetch(`${nekod.url}/health/ready`)).json();

const alone = (t, server, ...args) => gateway(t, [...leadingToAddress(`${server.origin}/v1`), ...english, ...args]);

/// A server, its fall-backs, and nekod in front of them.
async function withFallback(t, { main, spares, more = '', args = [] }) {
  const names = spares.map((_, i) => `spare${i}`);
  const table = (name, server, lines) =>
    `[upstreams.${name}]\nkind = "openai"\nurl = "${server.origin}/v1"\nkey = "sk-${name}"\n${lines}\n`;
  const text =
    table('main', main, `fallbacks = [${names.map((n) => `"${n}"`)}]\n${more}`) +
    spares.map(({ server, lines = '' }, i) => table(names[i], server, `model = "spare model"\n${lines}`)).join('');
  const common = ['--config', 'nekod.toml', '--store', 'memory', '--port', '0', ...english];
  return gateway(t, [...common, ...args], { home: { 'nekod.toml': text } });
}

const badPicture = failure('failed to decode image', { code: 500, type: 'server_error' });

test('a request that a server cannot take locks nobody out, and its reason is told', async (t) => {
  const server = await scriptedServer(t, undefined, (request, response) =>
    request.body.messages.at(-1).content === 'picture' ? reply(response, 500, badPicture) : replyWell(request, response),
  );
  const nekod = await alone(t, server, '--circuit-failures', '2', '--retries', '0');
  for (let i = 0; i < 6; ++i) {
    const error = await expectError(await nekod.post(chat('picture')), 500);
    assert.equal(error.message, 'failed to decode image');
  }
  assert.equal(server.chats().length, 6, 'each request is one call');
  assert.equal((await look(nekod)).upstreams[0].circuit, 'closed');
  await nekod.ask('words', { model: 'm' });
});

test('without an alternative each request is one call, whatever happened before', async (t) => {
  const server = await scriptedServer(t, undefined, (request) => request.socket.destroy());
  const nekod = await alone(t, server, '--circuit-failures', '2', '--retries', '0');
  for (let i = 1; i <= 5; ++i) {
    await expectError(await nekod.post(chat('x')), 502, 'upstream_error');
    assert.equal(server.chats().length, i);
  }
  server.say = replyWell;
  await nekod.ask('y', { model: 'm' });
  assert.equal((await look(nekod)).upstreams[0].circuit, 'closed');
});

for (const [name, fields, times] of [
  ['seconds', () => ({ 'Retry-After': '25' }), [24_000, 25_000]],
  ['a date', () => ({ 'Retry-After': new Date(Date.now() + 25_000).toUTCString() }), [22_000, 26_000]],
  ['milliseconds', () => ({ 'retry-after-ms': '24500.5', 'Retry-After': '99' }), [24_501, 24_501]],
  ['more than is sensible', () => ({ 'Retry-After': '999999999999' }), [300_000, 300_000]],
])
  test(`a limit that tells its time in ${name} is told at once, with the time`, async (t) => {
    const limited = failure('slow down', { code: 'rate_limit_exceeded' });
    const server = await scriptedServer(t, undefined, (_, response) => reply(response, 429, limited, fields()));
    const nekod = await alone(t, server);
    const response = await nekod.post(chat('x'));
    const [seconds, milliseconds] = ['retry-after', 'retry-after-ms'].map((f) => Number(response.headers.get(f)));
    assert.ok(milliseconds >= times[0] && milliseconds <= times[1], `${milliseconds}`);
    assert.equal(seconds, Math.ceil(milliseconds / 1000));
    assert.equal((await expectError(response, 429, 'rate_limit_exceeded')).message, 'slow down');
    assert.equal(server.chats().length, 1, 'no retry before a told time');
  });

for (const [name, status, body] of [
  ['402', 402, failure('Insufficient Balance')],
  ['403', 403, failure('not yours')],
  ['insufficient_quota', 429, failure('no quota', { code: 'insufficient_quota' })],
  ['a billing code', 400, failure('limit', { code: 'billing_hard_limit_reached' })],
])
  test(`${name}: an account without money rests, and nobody notices`, async (t) => {
    const server = await scriptedServer(t, undefined, (request, response) =>
      request.headers.authorization.includes('key-a') ? reply(response, status, body) : replyWell(request, response),
    );
    const nekod = await alone(t, server, '--openai-key', 'key-a,key-b');
    for (let i = 0; i < 8; ++i) await nekod.ask(unique(), { model: 'm' });
    const asked = server.chats().filter((r) => r.headers.authorization.includes('key-a'));
    assert.equal(asked.length, 1);
    assert.deepEqual((await look(nekod)).upstreams[0].reasons, ['accounts_refused']);
  });

test('a refusal of the account is told in its words, without our key', async (t) => {
  const key = 'sk-very-secret-key';
  const words = `Incorrect API key provided: ${key}, also known as sk-v************-key. Find it elsewhere.`;
  const server = await scriptedServer(t, undefined, (_, response) => reply(response, 401, failure(words)));
  const nekod = await alone(t, server, '--openai-key', key);
  const error = await expectError(await nekod.post(chat('x')), 502, 'upstream_auth_failed');
  assert.equal(error.message, 'Incorrect API key provided: ***, also known as *** Find it elsewhere.');
});

test('a limit of one model rests its accounts for that model, bounded, and readiness says so', async (t) => {
  const limited = failure('big is busy');
  const server = await scriptedServer(t, undefined, (request, response) =>
    request.body.model === 'big'
      ? reply(response, 429, limited, { 'Retry-After': '999999999' })
      : replyWell(request, response),
  );
  const nekod = await alone(t, server, '--openai-key', 'key-a,key-b', '--longest-rest', '40');
  const response = await nekod.post(chat('x', { model: 'big' }));
  assert.ok(Number(response.headers.get('retry-after')) <= 40);
  await expectError(response, 429);
  assert.equal(server.chats().length, 2, 'both accounts were asked');
  await nekod.ask('y', { model: 'small' });
  const [{ limits, reasons }] = (await look(nekod)).upstreams;
  assert.deepEqual(reasons, ['accounts_limited']);
  assert.deepEqual(limits.map(({ model, accounts }) => [model, accounts]), [['big', 2]]);
  assert.ok(limits[0].seconds > 30 && limits[0].seconds <= 40);
  await expectError(await nekod.post(chat('x', { model: 'big' })), 429);
  assert.equal(server.chats().length, 4, 'where all rest, one is asked');
});

test('a lone account that is limited rests where there is a fall-back', async (t) => {
  const main = await scriptedServer(t, undefined, (_, response) =>
    reply(response, 429, failure('slow down'), { 'Retry-After': '60' }),
  );
  const spare = await scriptedServer(t);
  const nekod = await withFallback(t, { main, spares: [{ server: spare }] });
  for (let i = 0; i < 4; ++i) await nekod.ask(unique(), { model: 'm' });
  assert.equal(main.chats().length, 1);
  assert.equal(spare.chats().length, 4);
});

for (const stream of [false, true])
  test(`an answer names the model and the upstream that gave it, ${stream ? 'streamed' : 'whole'}`, async (t) => {
    const main = await scriptedServer(t, undefined, (request) => request.socket.destroy());
    const spare = await scriptedServer(t);
    const nekod = await withFallback(t, { main, spares: [{ server: spare }] });
    const ask = async () => {
      const response = await nekod.post(chat('x', { stream }));
      const body = await response.text();
      const { model } = stream ? checkStream(body).first : JSON.parse(body);
      return [response.headers.get('x-upstream'), model];
    };
    assert.deepEqual(await ask(), ['spare0', 'spare model']);
    await nekod.logged(/upstream=spare0 model=spare.model/);
    main.say = replyWell;
    await until(async () => (await ask()).join() === 'main,m', 'the first is not asked again');
    await nekod.logged(/upstream=main model=m /);
  });

test('a reset before any byte is asked once more, there first and then elsewhere', async (t) => {
  let resets = 1;
  const main = await scriptedServer(t, undefined, (request, response) =>
    resets-- > 0 ? request.socket.destroy() : replyWell(request, response),
  );
  const spare = await scriptedServer(t);
  const nekod = await withFallback(t, { main, spares: [{ server: spare }] });
  await nekod.ask(unique(), { model: 'm' });
  assert.deepEqual([main.chats().length, spare.chats().length], [2, 0]);
  resets = 2;
  await nekod.ask(unique(), { model: 'm' });
  assert.deepEqual([main.chats().length, spare.chats().length], [4, 1]);
});

test('a conversation that is too long goes to the fall-back that takes long ones', async (t) => {
  const tooLong = failure("This model's maximum context length is 4096 tokens");
  const main = await scriptedServer(t, undefined, (_, response) => reply(response, 400, tooLong));
  const [other, long] = [await scriptedServer(t), await scriptedServer(t)];
  const nekod = await withFallback(t, {
    main,
    spares: [{ server: other }, { server: long, lines: 'long-context = true' }],
  });
  const { response } = await nekod.ask(unique(), { model: 'm' });
  assert.equal(response.headers.get('x-upstream'), 'spare1');
  assert.equal(other.chats().length, 0);
  long.say = (_, response_) => reply(response_, 500, failure('broken'));
  const error = await expectError(await nekod.post(chat('x')), 400, 'context_length_exceeded');
  assert.match(error.message, /4096/);
});

test('an upstream that is healthy again is used again, by probes of our own', async (t) => {
  const port = await freePort();
  const spare = await scriptedServer(t, { data: [{ id: 'spare model' }] });
  const main = { origin: `http://127.0.0.1:${port}` };
  const nekod = await withFallback(t, {
    main,
    spares: [{ server: spare }],
    args: ['--circuit-failures', '2', '--circuit-rest', '0.2'],
  });
  const ask = async () => (await nekod.ask(unique(), { model: 'm' })).response.headers.get('x-upstream');
  await until(async () => {
    assert.equal(await ask(), 'spare0');
    return (await look(nekod)).upstreams[0].circuit === 'open';
  }, 'the circuit breaker does not open');
  assert.equal(await nekod.figure('nekod_upstream_circuit_open{upstream="main"}'), 1);
  const operations = async () => (await fetch(`${nekod.url}/operations`)).json();
  const { time, upstreams } = await operations();
  assert.ok(upstreams[0].circuit_since <= time && upstreams[0].next_probe > upstreams[0].circuit_since, JSON.stringify(upstreams));
  assert.deepEqual(upstreams[0].account_list.map((each) => [each.state, each.code, each.turns]), [['unreachable', 'upstream_error', 0]]);
  assert.equal('account_list' in (await look(nekod)).upstreams[0], false, 'not for everybody');
  const back = await scriptedServer(t, undefined, undefined, port);
  // No turn is let through before a probe has succeeded.
  await until(async () => (await look(nekod)).upstreams[0].circuit === 'half_open', 'nobody probes it');
  assert.equal(back.chats().length, 0);
  assert.equal(await ask(), 'main');
  assert.equal((await look(nekod)).upstreams[0].circuit, 'closed');
  assert.equal(await nekod.figure('nekod_upstream_circuit_open{upstream="main"}'), 0);
  const [recovered] = (await operations()).upstreams;
  assert.ok(recovered.circuit_since > upstreams[0].circuit_since);
  assert.equal(recovered.next_probe, null);
  assert.deepEqual(recovered.account_list.map((each) => [each.state, each.code]), [['working', null]]);
});

test('a fall-back that fails too: the upstream that was passed over is asked last', async (t) => {
  const main = await scriptedServer(t, undefined, (_, response) =>
    reply(response, 429, failure('slow down'), { 'Retry-After': '60' }),
  );
  const spare = await scriptedServer(t);
  const nekod = await withFallback(t, { main, spares: [{ server: spare }] });
  await nekod.ask(unique(), { model: 'm' });
  spare.say = (_, response) => reply(response, 400, failure('odd model'));
  main.say = replyWell;
  const { json } = await nekod.ask(unique(), { model: 'm' });
  assert.equal(json.choices[0].message.content, answer('ok').choices[0].message.content);
});
