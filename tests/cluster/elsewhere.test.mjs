// Answers that run on one of three nodes are read, cancelled and deleted on the others; the node that gives them is
// killed or stopped meanwhile.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { noDatabase, sharedDatabase } from '../e2e/database.mjs';
import { respond, responseOf } from '../e2e/responding.mjs';
import { addKey, checkStream, expectError, gateway, leadingTo, leadingToOpenai, runToEnd, simulator, temporaryFolder, unique, until } from '../e2e/support.mjs';

const secret = 'a-secret-of-the-cluster';
const cluster = ['--cluster-address', '127.0.0.1:0', '--node-lease', '2', '--heartbeat', '1'];
const slow = (text) => `[sim tokens=60 delay=25] ${text}`;
const endless = (text) => `[sim tokens=200000 delay=20] ${text}`;

const get = (node, path, options = {}) => fetch(`${node.url}/v1/responses/${path}`, options);
const follow = (node, id, query = '') => get(node, `${id}?stream=true${query}`);
const cancel = (node, id, options = {}) => get(node, `${id}/cancel`, { method: 'POST', ...options });
const shown = async (node, id) => (await get(node, id)).json();
const inStatus = (node, id, status) =>
  until(async () => {
    const json = await shown(node, id);
    return json.status === status && json;
  }, `${id} is not ${status}`);
const inBackground = async (node, input, fields) => (await responseOf(node, { input, background: true, ...fields })).json;

const blocksIn = (text) => text.split('\n\n').filter((block) => block && !block.startsWith(':') && !block.includes('[DONE]'));
const eventsIn = (text) => blocksIn(text).map((block) => JSON.parse(block.slice(block.indexOf('data: ') + 6)));

/// Reads a stream until it has *count* whole events, then leaves; without a count, to its end.
async function read(response, count = Infinity) {
  assert.equal(response.status, 200, response.status === 200 ? '' : await response.text());
  let text = '';
  const decoder = new TextDecoder();
  for await (const bytes of response.body) {
    text += decoder.decode(bytes, { stream: true });
    const whole = blocksIn(text.slice(0, text.lastIndexOf('\n\n') + 2));
    if (whole.length >= count) return whole.slice(0, count).map((b) => `${b}\n\n`).join('');
  }
  return text;
}

if (noDatabase) {
  test('answers on other nodes', { skip: noDatabase }, () => {});
} else {
  for (const [kind, leading] of Object.entries({ anuneko: leadingTo, openai: leadingToOpenai })) await suite(kind, leading);
}

async function suite(kind, leading) {
  const sim = await simulator({ after });
  const uri = sharedDatabase().uri(`elsewhere-${kind}`);
  const start = (scope, ...more) =>
    gateway(scope, [...leading(sim), '--store', uri, '--retries', '0', ...cluster, ...more], { env: { NEKOD_CLUSTER_SECRET: secret } });
  const nodes = [];
  for (let i = 0; i < 3; ++i) nodes.push(await start({ after }));
  const [a, b, c] = nodes;
  const asks = async (text) => {
    const all = kind === 'openai' ? (await sim.completions()).map((x) => JSON.stringify(x.body.messages.at(-1))) : (await sim.chats()).flatMap((x) => x.messages).map((m) => m.text);
    return all.filter((x) => x.includes(text)).length;
  };
  const aborted = (text) =>
    until(async () => {
      if (kind === 'openai') return (await sim.completionOf(text))?.state === 'aborted';
      return (await sim.chatWith(text))?.messages.some((m) => m.text.includes(text) && m.state === 'aborted');
    }, `${text} is not aborted`);

  test(`${kind}: a background stream is the same on all nodes, over five reconnections`, async () => {
    const created = await respond(a, { input: slow(unique()), background: true, stream: true });
    const { id } = eventsIn(await read(created, 1))[0].response;
    const whole = follow(b, id).then((r) => read(r));
    let text = '';
    for (let i = 0; i < 5; ++i) {
      const last = blocksIn(text).length - 1;
      text += await read(await follow(nodes[i % 3], id, last < 0 ? '' : `&starting_after=${last}`), 6);
    }
    text += await read(await follow(c, id, `&starting_after=${blocksIn(text).length - 1}`));
    assert.deepEqual(blocksIn(text), blocksIn(await whole));
    const events = eventsIn(text);
    assert.deepEqual(events.map((e) => e.sequence_number), events.map((_, i) => i));
    assert.equal(events.at(-1).type, 'response.completed');
    assert.ok((await whole).endsWith('data: [DONE]\n\n'));
    // The events are kept after the end, too, and found from anywhere.
    assert.deepEqual(blocksIn(await read(await follow(b, id, '&starting_after=4'))), blocksIn(text).slice(5));
    assert.ok((await b.total('nekod_relayed_requests_total', 'answered')) >= 2);
  });

  test(`${kind}: a resumable stream goes on at another node, although no store knows it yet`, async () => {
    const first = await respond(a, { input: slow(unique()), stream: true }, { 'X-Resumable': 'true' });
    const head = await read(first, 8);
    const { id } = eventsIn(head)[0].response;
    const rest = await read(await follow(b, id, '&starting_after=7'));
    assert.deepEqual([...blocksIn(head), ...blocksIn(rest)], blocksIn(await read(await follow(a, id))));
  });

  test(`${kind}: a chat goes on at another node behind the events that its client has`, async () => {
    const text = unique();
    const body = { stream: true, messages: [{ role: 'user', content: slow(text) }] };
    const headers = { 'X-Resumable': 'true', 'Idempotency-Key': unique('key') };
    const head = await read(await a.post(body, { headers }), 5);
    const resumed = await b.post(body, { headers: { ...headers, 'X-Resume-After': '5' } });
    assert.equal(resumed.headers.get('idempotent-replayed'), 'true');
    const rest = await read(resumed);
    const all = await read(await c.post(body, { headers }));
    assert.equal(head + rest, all);
    assert.ok(all.endsWith('data: [DONE]\n\n'));
    assert.equal(await asks(text), 1);
  });

  test(`${kind}: a request for an answer that nobody keeps leaves nothing behind that others would wait for`, async () => {
    const body = { stream: true, messages: [{ role: 'user', content: unique() }] };
    const key = { 'Idempotency-Key': unique('key') };
    await expectError(await a.post(body, { headers: { ...key, 'X-Resume-After': '3' } }), 400, 'stream_expired');
    checkStream(await read(await b.post(body, { headers: key })));
  });

  test(`${kind}: a background request that is sent again to another node has one response`, async () => {
    const text = unique();
    const body = { input: slow(text), background: true };
    const key = { 'Idempotency-Key': unique('key') };
    const one = await responseOf(a, body, key);
    const two = await responseOf(b, body, key);
    assert.equal(two.json.id, one.json.id);
    await inStatus(c, one.json.id, 'completed');
    assert.equal(await asks(text), 1);
  });

  test(`${kind}: another node shows a running response as it is, and cancels it`, async () => {
    const text = unique();
    const { id } = await inBackground(a, endless(text));
    await read(await follow(b, id), 12);
    // The database has it as it was stored before the turn.
    await inStatus(b, id, 'in_progress');
    const reader = follow(c, id).then((r) => read(r));
    const cancelled = await (await cancel(b, id)).json();
    assert.equal(cancelled.status, 'cancelled');
    assert.ok((await reader).endsWith('data: [DONE]\n\n'));
    await aborted(text);
    for (const node of nodes) assert.deepEqual(await shown(node, id), cancelled);
  });

  test(`${kind}: a node with another secret shows what is stored, and is no reason to doubt the client's key`, async (t) => {
    const { id } = await inBackground(a, endless(unique()));
    const args = [...leading(sim), '--store', uri, ...cluster];
    const stranger = await gateway(t, args, { env: { NEKOD_CLUSTER_SECRET: `${secret}-of-old` } });
    assert.match((await shown(stranger, id)).status, /^(queued|in_progress)$/);
    await expectError(await follow(stranger, id), 503, 'node_unreachable');
    await stranger.logged(/another node refuses this one's cluster-secret/);
    await a.logged(/its cluster-secret is wrong/);
    await cancel(a, id);
  });

  test(`${kind}: deleting a response on another node ends it`, async () => {
    const text = unique();
    const { id } = await inBackground(a, endless(text));
    await read(await follow(b, id), 5);
    const gone = await get(b, id, { method: 'DELETE' });
    assert.deepEqual(await gone.json(), { id, object: 'response', deleted: true });
    await aborted(text);
    for (const node of nodes) await expectError(await get(node, id), 404, 'response_not_found');
  });

  test(`${kind}: a node that is killed ends the streams that others read, and its response fails`, async (t) => {
    const doomed = await start(t);
    const session_id = unique('session');
    const { id } = await inBackground(doomed, endless(unique()), { session_id });
    const chat = { stream: true, messages: [{ role: 'user', content: endless(unique()) }] };
    const headers = { 'X-Resumable': 'true', 'Idempotency-Key': unique('key') };
    await read(await doomed.post(chat, { headers }), 3);
    const responses = await follow(b, id);
    const chunks = await b.post(chat, { headers });
    assert.equal(chunks.headers.get('idempotent-replayed'), 'true');
    const ends = [read(responses), read(chunks)];
    await read(await follow(c, id), 12);
    doomed.kill('SIGKILL');
    await doomed.ended();
    const [events, text] = await Promise.all(ends);
    assert.ok(events.endsWith('data: [DONE]\n\n'), events.slice(-300));
    const [before, last] = eventsIn(events).slice(-2);
    assert.equal(last.type, 'error');
    assert.equal(last.error.code, 'node_unreachable');
    // Nothing is skipped by a client that goes on behind it.
    assert.equal(last.sequence_number, before.sequence_number);
    assert.equal(eventsIn(text).at(-1).error.code, 'node_unreachable');
    await inStatus(b, id, 'failed');
    await b.ask(unique(), { session_id });
  });

  test(`${kind}: a node that is stopped is given up in time`, async (t) => {
    const frozen = await start(t, '--node-lease', '60');
    const { id } = await inBackground(frozen, endless(unique()));
    const reader = await follow(b, id);
    const rest = read(reader);
    await read(await follow(c, id), 12);
    await frozen.freeze();
    t.after(() => frozen.kill('SIGCONT'));
    // What is stored of it, and a clear answer to the rest.
    assert.match((await shown(b, id)).status, /queued|in_progress/);
    const refused = await cancel(b, id);
    assert.ok(refused.headers.get('retry-after'));
    await expectError(refused, 503, 'node_unreachable', 'server_error');
    await expectError(await follow(b, id), 503, 'node_unreachable', 'server_error');
    assert.equal(eventsIn(await rest).at(-1).error.code, 'node_unreachable');
    frozen.kill('SIGCONT');
    assert.equal((await (await cancel(b, id)).json()).status, 'cancelled');
  });

  test(`${kind}: tenants meet on no node`, async (t) => {
    const file = `${temporaryFolder(t)}/keys`;
    const [alice, bob] = ['alice', 'bob'].map((name) => ({ Authorization: `Bearer ${addKey(file, name)}` }));
    const one = await start(t, '--api-keys', file);
    const two = await start(t, '--api-keys', file);
    const { id } = (await responseOf(one, { input: endless(unique()), background: true }, alice)).json;
    await expectError(await get(two, `${id}?stream=true`, { headers: bob }), 404, 'response_not_found');
    await expectError(await cancel(two, id, { headers: bob }), 404, 'response_not_found');
    await expectError(await get(two, `${id}?stream=true`), 401, 'invalid_api_key');
    assert.ok((await read(await get(two, `${id}?stream=true`, { headers: alice }), 6)).length > 0);
    assert.equal((await (await cancel(two, id, { headers: alice })).json()).status, 'cancelled');
  });

  test(`${kind}: the port for nodes answers nobody without the secret, and shows it nowhere`, async () => {
    const { id } = await inBackground(a, endless(unique()));
    const port = a.log.match(/other nodes ask at 127\.0\.0\.1:(\d+)/)[1];
    const at = (path, headers, method = 'GET') => fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
    for (const headers of [{}, { Authorization: 'Bearer a-secret-of-the-clusteR' }, { Authorization: `Bearer ${secret}x` }])
      for (const path of [`/v1/responses/${id}`, '/health', '/metrics', '/']) {
        const refused = await at(path, headers);
        assert.equal(refused.status, 401);
        assert.equal(await refused.text(), '');
      }
    const known = { Authorization: `Bearer ${secret}` };
    assert.equal((await at(`/v1/responses/${id}`, known)).status, 200);
    // It gives answers that there are, and nothing else.
    for (const path of ['/health', '/sessions', '/v1/models', '/v1/responses/resp_x']) assert.equal((await at(path, known)).status, 404);
    await cancel(b, id);
    for (const node of nodes) assert.ok(!node.log.includes(secret));
  });
}

test('a cluster needs a secret and a shared store', { skip: noDatabase }, async (t) => {
  const refused = async (args, env, words) => {
    const { code, log } = await runToEnd(t, ['--anuneko-token', 'x', ...args], { env });
    assert.equal(code, 2, log);
    assert.match(log, words);
    assert.ok(!log.includes(secret));
  };
  const env = { NEKOD_CLUSTER_SECRET: secret };
  const shared = ['--store', 'postgresql://127.0.0.1/none'];
  await refused(['--cluster-address', '127.0.0.1:0', '--store', 'memory'], env, /--cluster-address needs a --store/);
  await refused(['--cluster-address', '127.0.0.1:0', ...shared], {}, /--cluster-secret, of at least 16/);
  await refused(['--cluster-address', '127.0.0.1', ...shared], env, /--cluster-address: must be HOST:PORT/);
  await refused(['--cluster-address', '0.0.0.0:7000', ...shared], env, /--cluster-advertise/);
});
