// The OpenAPI document checked with the official schema, and nekod's answers checked with the document: every
// operation, every status that can be provoked, every field and every code.

import { Validator } from '@seriousme/openapi-schema-validator';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { after } from 'node:test';
import {
  Connection,
  checkBrokenStream,
  checkStream,
  gateway,
  pair,
  rawRequest,
  runToEnd,
  simulator,
  unique,
  until,
} from '../e2e/support.mjs';
import { Contract } from './openapi/contract.mjs';
import { exchange } from './openapi/exchange.mjs';
import { requestsFor } from './openapi/requests.mjs';
import { kind, stands } from './kinds.mjs';

const { leading, call: completion } = kind;
const [model] = kind.models;
const anuneko = kind.name === 'anuneko';
// Without retries, so that each failure is visible.
const once = ['--retries', '0', '--circuit-failures', '0'];
const { sim, nekod } = await pair({ after }, { leading, nekod: once });

const served = await exchange(nekod.url, 'GET', '/openapi.json');
const closed = ['ChatCompletion', 'ChatCompletionChunk', 'Usage'];
const contract = new Contract(JSON.parse(served.text), anuneko ? { closed, never: ['ForeignError'] } : {});
const operations = Object.fromEntries(contract.operations.map((each) => [each.id, each]));

const messages = [{ role: 'user', content: 'hello' }];
const hello = { model, messages };
const endless = () => [{ role: 'user', content: `[sim tokens=200000 delay=20] ${unique()}` }];

/// What each operation needs besides its path.
const needs = {
  createChatCompletion: { body: JSON.stringify(hello) },
  createResponse: { body: JSON.stringify({ model, input: 'hello' }) },
  retrieveResponse: { id: 'resp_0' },
  deleteResponse: { id: 'resp_0' },
  cancelResponse: { id: 'resp_0' },
  listInputItems: { id: 'resp_0' },
  compactResponse: { body: JSON.stringify({ model, input: 'hello' }) },
  createConversation: { body: '{}' },
  retrieveConversation: { id: 'conv_0' },
  updateConversation: { id: 'conv_0', body: '{"metadata":{}}' },
  deleteConversation: { id: 'conv_0' },
  listItems: { id: 'conv_0' },
  addItems: { id: 'conv_0', body: '{"items":[{"role":"user","content":"hello"}]}' },
  retrieveItem: { id: 'conv_0' },
  deleteItem: { id: 'conv_0' },
  listModels: {},
  retrieveModel: { id: model },
  listSessions: {},
  deleteSessions: { query: '?model=nobody' },
  retrieveSession: { id: 'nobody' },
  deleteSession: { id: 'nobody' },
  frontPage: {},
  openapi: {},
  health: {},
  live: {},
  ready: {},
  metrics: {},
  me: {},
  operations: {},
  listKeys: {},
  createKey: { body: '{"tenant":"colleague"}' },
  changeKey: { id: 'key_000000000000', body: '{}' },
  revokeKey: { id: 'key_000000000000' },
};

/// Calls an operation.
function call(gate, operation, { id, item = 'msg_0', path = operation.path, query, ...options } = {}) {
  const need = needs[operation.id];
  const named = path.replace('{id}', encodeURIComponent(id ?? need.id ?? '')).replace('{item}', item);
  const place = named + (query ?? need.query ?? '');
  return exchange(gate.url, options.method ?? operation.method, place, { body: need.body, ...options });
}

/// Calls an operation and checks the answer.
async function walk(gate, operation, options) {
  return contract.check(operation, await call(gate, operation, options));
}

/// A chat and the check of its answer.
async function chat(gate, fields, options) {
  const body = typeof fields === 'string' ? fields : JSON.stringify({ ...hello, ...fields });
  return walk(gate, operations.createChatCompletion, { ...options, body });
}

const code = (answer) => JSON.parse(answer.text).error.code;
const session = async () => (await nekod.ask(unique())).json.session_id;

/// Something new that an operation with an id can be about.
async function namesFor({ id, path }) {
  const made = async (operation, options) => JSON.parse((await walk(nekod, operations[operation], options)).text);
  if (path === '/sessions/{id}') return { id: await session() };
  if (path.startsWith('/v1/responses/')) {
    const background = id === 'cancelResponse';
    return { id: (await made('createResponse', { body: JSON.stringify({ model, input: unique(), background }) })).id };
  }
  if (!path.startsWith('/v1/conversations/')) return {};
  const conversation = await made('createConversation');
  const added = await made('addItems', { id: conversation.id });
  return { id: conversation.id, item: added.data[0].id };
}

test('the document is one by the official schema of OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(JSON.parse(served.text));
  assert.ok(valid, JSON.stringify(errors, null, 2));
  assert.equal(validator.version, '3.1');
  assert.deepEqual(Object.keys(operations).sort(), Object.keys(needs).sort(), 'each is called here');
});

test('its version is that of the program', async (t) => {
  const { log } = await runToEnd(t, ['--version']);
  assert.equal(contract.document.info.version, log.trim());
});

test('the front page and the document name the same endpoints', async () => {
  const { endpoints } = JSON.parse((await walk(nekod, operations.frontPage)).text);
  const documented = contract.operations.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(Object.values(endpoints).sort(), documented.filter((each) => each !== 'GET /').sort());
});

test('its codes are those of the table in the sources', () => {
  const sourceOf = (path) => readFileSync(new URL(`../../protocol/${path}`, import.meta.url), 'utf8');
  const names = new Map(
    [...sourceOf('chat/failure.cpp').matchAll(/failure_code::(\w+),\s*"(\w+)"/g)].map(([, failure, name]) => [failure, name]),
  );
  const rows = [...sourceOf('openai/errors.cpp').matchAll(/failure_code::(\w+),\s*(\d{3}),\s*(\w+),/g)].map(
    ([row, failure, status, type]) => [row, status, type, names.get(failure)],
  );
  assert.ok(rows.length > 30 && rows.length === names.size);
  const table = rows.map(
    ([, status, type, name]) =>
      `| \`${name}\` | ${status} | \`${type.replace('request_error', 'invalid_request_error')}\` |`,
  );
  const { enum: codes, description } = contract.document.components.schemas.ErrorCode;
  assert.deepEqual([...codes].sort(), rows.map((row) => row[3]).sort());
  for (const row of table) assert.ok(description.includes(row), row);
});

test('every operation answers 200, with /v1 and without, and HEAD where GET goes', async () => {
  await until(async () => (await call(nekod, operations.ready)).status === 200, 'nekod does not get ready');
  // Keys are for admins, whose test is below.
  for (const operation of contract.operations.filter(({ path }) => !path.startsWith('/keys'))) {
    const bare = operation.path.replace(/^\/v1/, '');
    let names;
    for (const path of [bare, `/v1${bare}`]) {
      names = await namesFor(operation);
      const { status, text } = await walk(nekod, operation, { ...names, path });
      assert.equal(status, 200, `${operation.id} at ${path}: ${text}`);
    }
    if (operation.method !== 'GET') continue;
    assert.equal((await walk(nekod, operation, { ...names, method: 'HEAD' })).status, 200);
  }
  assert.equal((await walk(nekod, operations.listModels, { query: '?refresh=true' })).status, 200);
});

test('a request that could be read as two is none', async () => {
  const answer = await chat(nekod, {}, { headers: { 'Transfer-Encoding': 'gzip' } });
  assert.equal(answer.status, 400);
  assert.equal(code(answer), 'malformed_request');
});

test('chats, whole and streamed, with every field of their head', async () => {
  const whole = await chat(nekod, { temperature: 1, model: 'gpt-4o' });
  // A server with the OpenAI API gets both.
  assert.equal(whole.headers['x-ignored-parameters'], anuneko ? 'temperature' : undefined);
  assert.equal(whole.headers['x-model-fallback'], anuneko ? model : undefined);
  const named = await chat(nekod, { stream: true }, { headers: { 'X-Nekod-Session': unique() } });
  assert.equal(named.headers['x-session-match'], 'explicit');
  checkStream(named.text);
  const again = { headers: { 'Idempotency-Key': unique(), 'X-Stainless-Retry-Count': '1' } };
  await chat(nekod, {}, again);
  assert.equal((await chat(nekod, {}, again)).headers['idempotent-replayed'], 'true');
  const kept = await chat(nekod, { stream: true }, { headers: { 'X-Resumable': 'true' } });
  assert.equal(kept.headers['x-resumable'], 'true');
  const system = { role: 'system', content: 'be kind' };
  const seeded = await chat(nekod, {
    ...{ stream: true, stream_options: { include_usage: true } },
    messages: [system, ...messages],
  });
  assert.equal(seeded.headers['x-session-match'], 'seeded');
  checkStream(seeded.text, { usage: true });
  await sim.fault({ call: completion, kind: 'cut', after_events: 4 });
  const long = [{ role: 'user', content: `[sim tokens=50] ${unique()}` }];
  checkBrokenStream((await chat(nekod, { stream: true, messages: long })).text);
});

test('every code of 400', async () => {
  const bodies = {
    empty_body: '',
    invalid_json: '{',
    invalid_encoding: '{"x":"\\ud83d"}',
    nesting_too_deep: `{"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    invalid_type: { stream: 'yes' },
    missing_required_parameter: '{}',
    empty_messages: { messages: [] },
    invalid_session_id: { session_id: 'a b' },
    // A server with the OpenAI API judges for itself.
    ...(anuneko && {
      invalid_value: { temperature: 9 },
      no_user_message: { messages: [{ role: 'system', content: 'be kind' }] },
      unsupported_parameter: { tools: [{}] },
    }),
  };
  for (const [name, body] of Object.entries(bodies)) {
    const answer = await chat(nekod, body);
    assert.deepEqual([answer.status, code(answer)], [400, name]);
  }
});

test('the codes of 400 of an OpenAI-compatible upstream', { skip: anuneko && 'another kind' }, async (t) => {
  const gate = await gateway(t, [...leading(sim), '--transcript-messages', '1']);
  const long = await chat(gate, { messages: [...messages, ...messages] });
  assert.deepEqual([long.status, code(long)], [413, 'conversation_too_large']);
  await sim.fault({ call: completion, kind: 'status', status: 400, body: '{}' });
  const refused = await chat(gate, {});
  assert.deepEqual([refused.status, code(refused)], [400, 'upstream_refused']);
});

test('an OpenAI-compatible upstream refuses in its own words', { skip: anuneko && 'another kind' }, async () => {
  const error = { message: 'no', type: 'odd_error', param: 'model', code: 'odd' };
  const fault = { call: completion, body: JSON.stringify({ error }) };
  for (const status of [400, 404, 413, 422, 429]) {
    await sim.fault({ ...fault, kind: 'status', status, retry_after: status === 429 ? 7 : undefined });
    const refused = await chat(nekod, {});
    assert.deepEqual([refused.status, JSON.parse(refused.text).error], [status, error]);
  }
  await sim.fault({ ...fault, kind: 'status', status: 529 });
  const failed = await chat(nekod, {});
  assert.deepEqual([failed.status, JSON.parse(failed.text).error], [529, error]);
  const long = { ...error, code: 'context_length_exceeded', type: 'invalid_request_error' };
  await sim.fault({ ...fault, kind: 'error_chunk', after_events: 3, body: JSON.stringify({ error: long }) });
  assert.deepEqual(checkBrokenStream((await chat(nekod, { stream: true })).text), long);
});

/// Whether nekod accepts the shape of a request; what the upstream cannot do does not matter here.
async function takes(request) {
  const answer = await chat(nekod, JSON.stringify(request));
  return answer.status === 200 || code(answer) === 'unsupported_parameter';
}

test('requests: what nekod takes is what the schema takes', async () => {
  const schema = { $ref: 'nekod#/$defs/ChatCompletionRequest' };
  const { properties } = contract.document.components.schemas.ChatCompletionRequest;
  for (const request of requestsFor(properties)) {
    const fault = contract.faults(schema, request);
    const taken = await takes(request);
    // A server with the OpenAI API may accept more.
    if (anuneko || !taken) assert.equal(taken, fault === '', `${JSON.stringify(request)}\n${fault}`);
  }
});

test('what is not there', async () => {
  await walk(nekod, operations.retrieveModel, { id: 'gpt-4o' });
  await walk(nekod, operations.retrieveSession, { id: 'nobody' });
  await walk(nekod, operations.deleteSession, { id: 'nobody' });
  contract.checkNamed('NotFound', await exchange(nekod.url, 'GET', '/nope'));
  for (const { path } of contract.operations) {
    const answer = await exchange(nekod.url, 'PUT', path);
    assert.equal(answer.status, 405, path);
    contract.checkNamed('MethodNotAllowed', answer);
    assert.equal((await exchange(nekod.url, 'OPTIONS', path)).status, 204);
  }
});

test('sessions page by page, and many deleted', async (t) => {
  const gate = await gateway(t, leading(sim));
  const show = async (query) => JSON.parse((await walk(gate, operations.listSessions, { query })).text);
  for (let i = 0; i < 3; ++i) await chat(gate, {});
  const first = await show('?limit=2');
  assert.equal((await show(`?limit=2&after=${first.next}`)).has_more, false);
  assert.deepEqual(await show('?search=no+such+words'), { sessions: [], total: 3, has_more: false, searched: 3 });
  for (const query of ['?limit=0', '?after=x', '?search='])
    assert.equal(code(await walk(gate, operations.listSessions, { query })), 'invalid_value');
  const remove = (query) => walk(gate, operations.deleteSessions, { query });
  assert.equal(code(await remove('')), 'missing_required_parameter');
  assert.equal(code(await remove('?all=no')), 'invalid_value');
  assert.equal(JSON.parse((await remove('?all=true')).text).deleted, 3);
});

test('sessions that are busy, and that are deleted', async (t) => {
  const gate = await gateway(t, [...leading(sim), '--session-queue', '0']);
  const [id, running] = [unique(), endless()];
  const cut = chat(gate, { session_id: id, messages: running });
  await stands(sim, running[0].content, 'streaming');
  assert.equal(code(await chat(gate, { session_id: id })), 'session_busy');
  assert.equal((await walk(gate, operations.deleteSession, { id })).status, 200);
  assert.equal(code(await cut), 'session_deleted');
});

test('an upstream that fails, is silent, or refuses the account', async (t) => {
  const broken = await simulator(t);
  const gate = await gateway(t, [...leading(broken), '--request-timeout', '1', '--answer-timeout', '2', ...once]);
  const words = { message: 'too many', type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' };
  const body = JSON.stringify({ error: words });
  const faults = [
    [{ kind: 'html' }, 'upstream_error'],
    [{ kind: 'silent' }, 'upstream_timeout'],
    [{ kind: 'status', status: 429, body }, 'rate_limit_exceeded'],
    [{ kind: 'status', status: 429, retry_after: 7, body }, 'rate_limit_exceeded'],
    [{ kind: 'status', status: 503, retry_after: 7, body: '{}' }, 'upstream_error'],
  ];
  for (const [fault, name] of faults) {
    await broken.fault({ call: completion, ...fault });
    assert.equal(code(await chat(gate, {})), name);
  }
  await broken.settings({ token: 'another' });
  assert.equal(code(await chat(gate, {})), 'upstream_auth_failed');
  await until(async () => (await walk(gate, operations.ready)).status === 503, 'it stays ready');
});

test('a request that came through more nekods than a sensible chain has', async () => {
  const headers = { 'X-Nekod-Via': Array.from({ length: 17 }, (_, i) => `nekod-${i}`).join(', ') };
  const answer = await chat(nekod, {}, { headers });
  assert.deepEqual([answer.status, code(answer)], [508, 'upstream_loop']);
});

/// Calls every operation, and expects *status* of those that document it, and of no others.
async function everywhere(gate, status, options) {
  for (const operation of contract.operations) {
    const answer = await walk(gate, operation, options);
    assert.equal(answer.status === status, operation.answers(status), `${operation.id}: ${answer.status}`);
  }
}

test('operations with keys, and after what is no number', async (t) => {
  assert.equal(code(await walk(nekod, operations.operations, { query: '?after=x' })), 'invalid_value');
  const file = join(nekod.home, 'operators');
  const { log } = await runToEnd(t, ['keys', 'add', 'tester', '--file', file]);
  const gate = await gateway(t, [...leading(sim), '--api-keys', file, '--rate-limit', '10 per hour']);
  const headers = { Authorization: `Bearer ${log.match(/sk-nekod-[\w-]{43}/)[0]}` };
  assert.equal(code(await walk(gate, operations.operations, { headers })), 'admin_key_required');
  assert.equal(JSON.parse((await walk(gate, operations.me, { headers })).text).limits.length, 1);
});

test('keys, with an admin key', async (t) => {
  const file = join(nekod.home, 'admins');
  const { log } = await runToEnd(t, ['keys', 'add', 'boss', '--file', file, '--admin']);
  const gate = await gateway(t, [...leading(sim), '--api-keys', file, '--chat-rate-limit', '10 per hour']);
  const headers = { Authorization: `Bearer ${log.match(/sk-nekod-[\w-]{43}/)[0]}` };
  const as = (operation, options) => walk(gate, operations[operation], { headers, ...options });
  const [{ id: own }] = JSON.parse((await as('listKeys')).text).data;
  assert.equal(code(await as('revokeKey', { id: own })), 'last_key');
  const { id, key } = JSON.parse((await as('createKey')).text);
  assert.equal(JSON.parse((await as('listKeys')).text).data.length, 2);
  for (const operation of ['changeKey', 'revokeKey']) assert.equal(code(await as(operation)), 'key_not_found');
  for (const [operation, names] of [['createKey', {}], ['changeKey', { id }]]) {
    assert.equal(code(await as(operation, { ...names, body: '{"admin":1,"tenant":"x"}' })), operation === 'createKey' ? 'invalid_type' : 'invalid_value');
    const coded = await as(operation, { ...names, headers: { ...headers, 'Content-Encoding': 'gzip' } });
    assert.equal(coded.status, 415);
  }
  assert.equal((await as('listKeys', { method: 'HEAD' })).status, 200);
  assert.equal(JSON.parse((await as('changeKey', { id, body: '{"rate_limit":"9 per day"}' })).text).rate_limit, '9 per day');
  assert.equal(code(await as('listKeys', { headers: { 'x-api-key': key } })), 'admin_key_required');
  assert.equal(code(await as('revokeKey', { id: own })), 'confirmation_required');
  assert.equal(code(await as('changeKey', { id: own, body: '{"admin":false}' })), 'confirmation_required');
  assert.equal((await as('revokeKey', { id })).status, 200);
  mkdirSync(`${file}.new`);
  assert.equal(code(await as('createKey')), 'keys_not_writable');
});

test('a request without a key, and with one', async (t) => {
  const file = join(nekod.home, 'keys');
  const { log } = await runToEnd(t, ['keys', 'add', 'tester', '--file', file]);
  const keys = ['--api-keys', file, '--trusted-proxies', '127.0.0.1'];
  const gate = await gateway(t, [...leading(sim), ...keys]);
  // On this machine the metrics need no key.
  await everywhere(gate, 401, { headers: { 'X-Forwarded-For': '203.0.113.7' } });
  const [key] = log.match(/sk-nekod-[\w-]{43}/);
  for (const headers of [{ Authorization: `Bearer ${key}` }, { 'x-api-key': key }, { 'api-key': key }])
    assert.equal((await chat(gate, {}, { headers })).status, 200);
});

test('without keys a page of another site, and a name that is not known', async () => {
  await everywhere(nekod, 403, { headers: { 'Sec-Fetch-Site': 'cross-site' } });
  const named = await chat(nekod, {}, { headers: { Host: 'evil.test' } });
  assert.equal(named.status, 403);
  assert.equal(code(named), 'host_not_allowed');
});

test('a body with a coding', async () => {
  const encoded = await chat(nekod, {}, { headers: { 'Content-Encoding': 'gzip' } });
  assert.equal(encoded.status, 415);
  assert.equal(code(encoded), 'unsupported_media_type');
});

test('a limit of requests that is used up', async (t) => {
  const gate = await gateway(t, [...leading(sim), '--rate-limit', '1 per day']);
  await chat(gate, {});
  await everywhere(gate, 429);
});

test('bodies, addresses and fields that are too large', async (t) => {
  const sizes = ['--max-content-length', '64', '--max-url-size', '512', '--max-header-size', '2048'];
  const gate = await gateway(t, [...leading(sim), ...sizes]);
  await everywhere(gate, 413, { body: 'x'.repeat(65) });
  await everywhere(gate, 414, { query: `?${'x'.repeat(600)}`, body: '' });
  await everywhere(gate, 431, { headers: { 'X-Filler': 'x'.repeat(3000) }, body: '' });
});

test('no room for one more connection', async (t) => {
  const gate = await gateway(t, [...leading(sim), '--max-connections', '8']);
  const idle = Array.from({ length: 8 }, () => new Connection(gate.port).reading());
  for (const connection of idle) await connection.send(rawRequest('GET', '/health'));
  for (const connection of idle) await connection.seen(/healthy/);
  for (const operation of contract.operations) {
    // The connection before this one may still be closing.
    const answer = await until(() => call(gate, operation).catch(() => undefined), 'no answer');
    contract.check(operation, answer);
    const limited = operation.answers(503) && operation.id !== 'ready';
    assert.equal(answer.status === 503, limited, operation.id);
  }
  idle.forEach((connection) => connection.end());
});

test('over TLS every answer asks browsers to stay with it', async (t) => {
  const [key, cert] = [join(nekod.home, 'key.pem'), join(nekod.home, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-days', '1', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject], { stdio: 'ignore' });
  const gate = await gateway(t, [...leading(sim), '--tls-cert', cert, '--tls-key', key]);
  const secure = { url: `https://127.0.0.1:${gate.port}` };
  for (const operation of contract.operations) {
    const { headers } = await walk(secure, operation);
    assert.ok(headers['strict-transport-security'], operation.id);
  }
});

test('responses, whole and streamed, and every status of theirs', async (t) => {
  const respond = (gate, fields, options) =>
    walk(gate, operations.createResponse, { ...options, body: JSON.stringify({ model, input: unique(), ...fields }) });
  assert.equal((await respond(nekod, {})).status, 200);
  assert.match((await respond(nekod, { stream: true })).text, /^event: response\.created\n/);
  assert.equal(code(await respond(nekod, { previous_response_id: 'resp_0' })), 'previous_response_not_found');
  assert.equal(code(await respond(nekod, { conversation: 'conv_0' })), 'conversation_not_found');
  assert.equal((await respond(nekod, {}, { headers: { 'Content-Encoding': 'gzip' } })).status, 415);
  const headers = { 'X-Nekod-Via': Array.from({ length: 17 }, (_, i) => `nekod-${i}`).join(', ') };
  assert.equal((await respond(nekod, {}, { headers })).status, 508);
  const broken = await simulator(t);
  const gate = await gateway(t, [...leading(broken), '--request-timeout', '1', '--answer-timeout', '2', ...once]);
  for (const [fault, status] of [[{ kind: 'html' }, 502], [{ kind: 'silent' }, 504]]) {
    await broken.fault({ call: completion, ...fault });
    assert.equal((await respond(gate, {})).status, status);
  }
  for (const status of anuneko ? [] : [422, 529]) {
    await broken.fault({ call: completion, kind: 'status', status, body: JSON.stringify({ error: { message: 'no' } }) });
    assert.equal((await respond(gate, {})).status, status);
  }
});

test('stored responses and conversations, and every status of theirs', async (t) => {
  const ask = (id, options) => walk(nekod, operations[id], options);
  const well = async (id, options) => {
    const answer = await ask(id, options);
    assert.equal(answer.status, 200, answer.text);
    return JSON.parse(answer.text);
  };
  const { id } = await well('createResponse');
  await well('retrieveResponse', { id });
  await well('listInputItems', { id });
  assert.equal(code(await ask('listInputItems', { id, query: '?after=msg_0' })), 'item_not_found');
  assert.equal((await ask('retrieveResponse', { id, query: '?stream=true' })).status, 200);
  assert.equal(code(await ask('retrieveResponse', { id, query: '?stream=true&starting_after=1' })), 'stream_expired');
  assert.equal((await ask('cancelResponse', { id })).status, 400);
  assert.equal((await ask('cancelResponse', { id, headers: { 'Content-Encoding': 'gzip' } })).status, 415);
  await well('deleteResponse', { id });
  await well('retrieveResponse', { id: (await well('compactResponse')).id });
  assert.equal((await ask('compactResponse', { body: '{}' })).status, 400);
  assert.equal((await ask('compactResponse', { headers: { 'Content-Encoding': 'gzip' } })).status, 415);
  const inBackground = JSON.stringify({ model, input: endless(), background: true });
  const queued = await well('createResponse', { body: inBackground });
  await well('retrieveResponse', { id: queued.id });
  assert.equal((await well('cancelResponse', { id: queued.id })).status, 'cancelled');
  const missing = ['retrieveResponse', 'deleteResponse', 'listInputItems', 'cancelResponse'];
  for (const each of missing) assert.equal(code(await ask(each)), 'response_not_found');
  const reference = JSON.stringify({ model, input: [{ type: 'item_reference', id: 'msg_0' }, { role: 'user', content: 'x' }] });
  for (const each of ['createResponse', 'compactResponse'])
    assert.equal(code(await ask(each, { body: reference })), 'item_not_found');

  const conversation = await well('createConversation');
  const of = { id: conversation.id };
  await well('updateConversation', of);
  await well('retrieveConversation', of);
  const { data } = await well('addItems', of);
  await well('listItems', of);
  const item = data[0].id;
  await well('retrieveItem', { ...of, item });
  await well('deleteItem', { ...of, item });
  for (const each of ['retrieveItem', 'deleteItem']) assert.equal(code(await ask(each, of)), 'item_not_found');
  for (const each of ['createConversation', 'updateConversation', 'addItems']) {
    assert.equal((await ask(each, { ...of, body: '[]' })).status, 400);
    assert.equal((await ask(each, { ...of, headers: { 'Content-Encoding': 'gzip' } })).status, 415);
  }
  for (const each of ['listInputItems', 'listItems'])
    assert.equal((await ask(each, { ...of, query: '?limit=0' })).status, 400);
  await well('deleteConversation', of);
  const absent = ['retrieveConversation', 'updateConversation', 'deleteConversation', 'listItems', 'addItems', 'retrieveItem', 'deleteItem'];
  for (const each of absent) assert.equal(code(await ask(each, of)), 'conversation_not_found');

  const gate = await gateway(t, [...leading(sim), '--session-queue', '0']);
  const begun = JSON.parse((await walk(gate, operations.createConversation)).text).id;
  const slow = new AbortController();
  const body = { model, conversation: begun, input: endless(), stream: true };
  const running = await fetch(`${gate.url}/v1/responses`, {
    ...{ method: 'POST', headers: { 'Content-Type': 'application/json' } },
    ...{ body: JSON.stringify(body), signal: slow.signal },
  });
  await running.body.getReader().read();
  const next = JSON.stringify({ model, conversation: begun, input: 'x' });
  assert.equal(code(await walk(gate, operations.createResponse, { body: next })), 'conversation_locked');
  assert.equal((await walk(gate, operations.updateConversation, { id: begun })).status, 400);
  slow.abort();
});

test('every answer, field and code of the document has been seen, but for those of the other kind', () => {
  const strange = anuneko
    ? ['context_length_exceeded', 'conversation_too_large', 'upstream_refused', ...['createChatCompletion', 'createResponse'].flatMap((each) => [`${each} 4XX application/json`, `${each} 5XX application/json`])]
    : ['no_user_message', 'unsupported_parameter', 'X-Ignored-Parameters', 'X-Model-Fallback'];
  // A client cannot provoke an error inside nekod or its store; pass-through has tests of its own. A stream that is
  // cancelled just ends.
  const wanted = (each) =>
    !/ 500 |^(internal_error|cancelled|node_unreachable|store_unavailable|upgrade_not_supported)$/.test(each) && !strange.includes(each);
  const unseen = (documented, seen) => documented.filter((each) => wanted(each) && !seen.has(each));
  const { headers, responses } = contract.document.components;
  const fields = [...Object.values(responses), operations.createChatCompletion.responses[200]];
  const names = fields.flatMap((each) => Object.keys(each.headers));
  assert.ok(Object.keys(headers).length > 0);
  assert.deepEqual(unseen(contract.documented, contract.answers), []);
  assert.deepEqual(unseen([...new Set(names)], contract.fields), []);
  assert.deepEqual(unseen(contract.document.components.schemas.ErrorCode.enum, contract.codes), []);
});
