// Answers whose clients leave and come back: responses in the background, and streams with `X-Resumable: true`, over
// either kind of upstream.

import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { respond, responseOf, textOf } from './responding.mjs';
import {
  addKey,
  checkStream,
  dataOf,
  expectError,
  gateway,
  leadingTo,
  leadingToOpenai,
  simulator,
  temporaryFolder,
  unique,
  until,
} from './support.mjs';

const sim = await simulator({ after });
const kinds = [
  ['anuneko', leadingTo(sim)],
  ['openai', leadingToOpenai(sim)],
];
const nekods = new Map();
for (const [kind, args] of kinds) nekods.set(kind, await gateway({ after }, args));

const slow = (text) => `[sim tokens=40 delay=15] ${text}`;
const endless = (text) => `[sim tokens=200000 delay=20] ${text}`;
const resumable = { 'X-Resumable': 'true' };

const get = (to, path, options = {}) => fetch(`${to.url}/v1/responses/${path}`, options);
const jsonOf = async (response, status = 200) => {
  const text = await response.text();
  assert.equal(response.status, status, text);
  return JSON.parse(text);
};
const shown = async (to, id, headers = {}) => jsonOf(await get(to, id, { headers }));
const cancel = (to, id, headers = {}) => get(to, `${id}/cancel`, { method: 'POST', headers });

/// What became of the message at the simulator: running, finished or aborted.
async function upstreamState(kind, text) {
  if (kind === 'openai') return (await sim.completionOf(text))?.state;
  return (await sim.chatWith(text))?.messages.find((entry) => entry.text.includes(text))?.state;
}
const aborted = (kind, text) =>
  until(async () => (await upstreamState(kind, text)) === 'aborted', `${text} is not aborted`);
const inStatus = (to, id, status, headers) =>
  until(async () => {
    const json = await shown(to, id, headers);
    return json.status === status && json;
  }, `${id} is not ${status}`);

/// The events of a stream as they are sent: no comments, no `[DONE]`.
const blocksIn = (text) => text.split('\n\n').filter((block) => block && !block.startsWith(':') && !block.includes('[DONE]'));
const eventsIn = (text) => blocksIn(text).map((block) => JSON.parse(block.slice(block.indexOf('\ndata: ') + 7)));

/// Reads a stream until it has *count* whole events, then leaves. Without a count: to its end.
async function read(response, count = Infinity) {
  assert.equal(response.status, 200, response.status === 200 ? '' : await response.text());
  let text = '';
  const decoder = new TextDecoder();
  for await (const bytes of response.body) {
    text += decoder.decode(bytes, { stream: true });
    const whole = text.slice(0, text.lastIndexOf('\n\n') + 2);
    if (blocksIn(whole).length >= count) return blocksIn(whole).slice(0, count).map((b) => `${b}\n\n`).join('');
  }
  return text;
}

const background = (input, fields = {}) => ({ input, background: true, ...fields });
const inBackground = async (to, input, fields) => (await responseOf(to, background(input, fields))).json;
const follow = (to, id, query = '', headers = {}) => get(to, `${id}?stream=true${query}`, { headers });

for (const [kind, args] of kinds) {
  const nekod = nekods.get(kind);

  test(`${kind}: a background stream is the same for two readers, one of which reconnects five times`, async () => {
    const created = await respond(nekod, background(slow(unique()), { stream: true }));
    const head = await read(created, 1);
    const { id } = eventsIn(head)[0].response;
    const one = follow(nekod, id).then((r) => read(r));
    let two = '';
    for (let i = 0; i < 5; ++i) {
      const last = blocksIn(two).length - 1;
      two += await read(await follow(nekod, id, last < 0 ? '' : `&starting_after=${last}`), 6);
    }
    two += await read(await follow(nekod, id, '', { 'Last-Event-ID': `${blocksIn(two).length - 1}` }));
    assert.deepEqual(blocksIn(two), blocksIn(await one));
    assert.ok((await one).endsWith('data: [DONE]\n\n'));
    const events = eventsIn(two);
    assert.deepEqual(events.map((e) => e.sequence_number), events.map((_, i) => i));
    assert.deepEqual(events.slice(0, 3).map((e) => e.type), ['response.created', 'response.queued', 'response.in_progress']);
    assert.equal(events.at(-1).type, 'response.completed');
    assert.equal(events.at(-1).response.status, 'completed');
    assert.deepEqual(await shown(nekod, id), events.at(-1).response);
    // After the end, once more.
    assert.deepEqual(blocksIn(await read(await follow(nekod, id))), blocksIn(two));
  });

  test(`${kind}: a session names the response that runs in it, for as long as it runs`, async () => {
    const name = unique('session');
    const { json } = await responseOf(nekod, background(endless(unique())), { 'X-Nekod-Session': name });
    const session = async () => (await fetch(`${nekod.url}/sessions/${name}`)).json();
    await until(async () => (await session()).response === json.id, 'the session does not name it');
    const { sessions } = await (await fetch(`${nekod.url}/sessions`)).json();
    assert.equal(sessions.find((each) => each.id === name).response, json.id);
    const begun = await read(await follow(nekod, json.id), 5);
    assert.equal(eventsIn(begun)[0].response.id, json.id);
    await jsonOf(await cancel(nekod, json.id));
    assert.equal('response' in (await session()), false);
  });

  test(`${kind}: a background response is queued, and polled to its end`, async () => {
    const json = await inBackground(nekod, slow(unique()));
    assert.equal(json.status, 'queued');
    assert.equal(json.background, true);
    assert.deepEqual(json.output, []);
    assert.equal(typeof json.model, 'string', 'although nobody knows it yet');
    const running = await inStatus(nekod, json.id, 'in_progress');
    assert.equal(running.usage, null);
    const done = await inStatus(nekod, json.id, 'completed');
    assert.ok(textOf(done).length > 0);
    assert.equal(done.created_at, json.created_at);
    const next = await responseOf(nekod, { previous_response_id: json.id, input: unique() });
    assert.equal(next.json.session_id, done.session_id);
  });

  test(`${kind}: a response in the background says what was ignored, and who answers`, async () => {
    const body = { ...background(unique(), { tools: [{ type: 'web_search' }], temperature: 0.5, metadata: {} }) };
    const ignored = kind === 'anuneko' ? 'tools.web_search, temperature' : 'tools.web_search';
    const { response, json } = await responseOf(nekod, body);
    assert.equal(response.headers.get('x-ignored-parameters'), 'tools.web_search');
    await inStatus(nekod, json.id, 'completed');
    for (const [path, method] of [[json.id, 'GET'], [`${json.id}?stream=true`, 'GET'], [`${json.id}/cancel`, 'POST']]) {
      const shown = await get(nekod, path, { method });
      await shown.text();
      assert.equal(shown.headers.get('x-ignored-parameters'), ignored, path);
      assert.equal(shown.headers.get('x-upstream'), kind, path);
      assert.ok(shown.headers.get('access-control-expose-headers'), 'pages can read them');
    }
  });

  test(`${kind}: a response that is deleted as its turn is answered is gone for good`, async () => {
    for (let round = 0; round < 20; round += 1) {
      const session = unique('session');
      const { id } = await inBackground(nekod, unique(), { session_id: session });
      const reader = follow(nekod, id).then((r) => read(r)).catch(() => {});
      if (round % 2) await new Promise(setImmediate);
      const deleted = await get(nekod, id, { method: 'DELETE' });
      assert.equal(deleted.status, 200);
      await deleted.text();
      await reader;
      await nekod.ask(unique(), { session_id: session }); // After whatever the session was writing.
      await expectError(await get(nekod, id), 404, 'response_not_found');
      await expectError(await respond(nekod, { previous_response_id: id, input: 'x' }), 400, 'previous_response_not_found');
    }
  });

  test(`${kind}: a running response cannot be followed by another`, async () => {
    const { id } = await inBackground(nekod, endless(unique()));
    await expectError(await respond(nekod, { previous_response_id: id, input: 'x' }), 400, 'previous_response_not_found');
    await cancel(nekod, id);
  });

  test(`${kind}: a response that is cancelled while it runs keeps what it had, and its readers end`, async () => {
    const text = unique();
    const { id } = await inBackground(nekod, endless(text));
    const reader = follow(nekod, id).then((r) => read(r));
    await read(await follow(nekod, id), 12);
    const cancelled = await jsonOf(await cancel(nekod, id));
    assert.equal(cancelled.status, 'cancelled');
    assert.ok(textOf(cancelled).length > 0);
    assert.equal(cancelled.usage, null);
    await aborted(kind, text);
    const stream = await reader;
    assert.ok(stream.endsWith('data: [DONE]\n\n'));
    assert.ok(!eventsIn(stream).some((e) => /completed|failed|incomplete|error/.test(e.type.replace('response.', ''))));
    assert.deepEqual(await jsonOf(await cancel(nekod, id)), cancelled);
    assert.deepEqual(await shown(nekod, id), cancelled);
    await expectError(await respond(nekod, { previous_response_id: id, input: 'x' }), 400, 'previous_response_not_found');
  });

  test(`${kind}: a response that is cancelled while it waits never reaches the upstream`, async () => {
    const session = unique('session');
    const [first, second] = [unique('first'), unique('second')];
    const one = await inBackground(nekod, endless(first), { session_id: session });
    await inStatus(nekod, one.id, 'in_progress');
    const two = await inBackground(nekod, second, { session_id: session });
    assert.equal((await shown(nekod, two.id)).status, 'queued');
    const cancelled = await jsonOf(await cancel(nekod, two.id));
    assert.equal(cancelled.status, 'cancelled');
    assert.deepEqual(cancelled.output, []);
    await cancel(nekod, one.id);
    await aborted(kind, first);
    await nekod.ask(unique('after'), { session_id: session });
    assert.equal(await upstreamState(kind, second), undefined);
    assert.equal((await shown(nekod, two.id)).status, 'cancelled');
    assert.equal(blocksIn(await read(await follow(nekod, two.id))).length, 2);
  });

  test(`${kind}: a response that has ended is not cancelled, one not in the background is refused`, async () => {
    const { id } = await inBackground(nekod, unique());
    const done = await inStatus(nekod, id, 'completed');
    assert.deepEqual(await jsonOf(await cancel(nekod, id)), done);
    const { json } = await responseOf(nekod, { input: unique() });
    const error = await expectError(await cancel(nekod, json.id), 400, 'invalid_value');
    assert.equal(error.param, 'background');
    await expectError(await cancel(nekod, 'resp_unknown'), 404, 'response_not_found');
  });

  test(`${kind}: leaving a resumable stream changes nothing, leaving another cancels it`, async () => {
    const [kept, left] = [unique('kept'), unique('left')];
    const first = await respond(nekod, { input: slow(kept), stream: true }, resumable);
    assert.equal(first.headers.get('x-resumable'), 'true');
    const head = await read(first, 8);
    const { id } = eventsIn(head)[0].response;
    await expectError(await get(nekod, id), 404, 'response_not_found');
    const rest = await read(await follow(nekod, id, '&starting_after=7'));
    const all = await read(await follow(nekod, id));
    assert.deepEqual([...blocksIn(head), ...blocksIn(rest)], blocksIn(all));
    assert.equal(eventsIn(all).at(-1).type, 'response.completed');
    assert.notEqual(await upstreamState(kind, kept), 'aborted');
    assert.equal((await shown(nekod, id)).status, 'completed');

    const other = await respond(nekod, { input: endless(left), stream: true });
    const otherId = eventsIn(await read(other, 8))[0].response.id;
    await aborted(kind, left);
    await expectError(await follow(nekod, otherId), 404, 'response_not_found');
  });

  test(`${kind}: a chat goes on behind the events that its client has`, async () => {
    const session = unique('session');
    const body = { model: undefined, stream: true, session_id: session, messages: [{ role: 'user', content: slow(unique()) }] };
    const key = { ...resumable, 'Idempotency-Key': unique('key') };
    const head = await read(await nekod.post(body, { headers: key }), 5);
    const resumed = await nekod.post(body, { headers: { ...key, 'X-Resume-After': '5' } });
    assert.equal(resumed.headers.get('idempotent-replayed'), 'true');
    const rest = await read(resumed);
    const all = await read(await nekod.post(body, { headers: key }));
    assert.equal(head + rest, all);
    checkStream(all);
    // The session has gone on, and the answer is still kept.
    await nekod.ask(unique(), { session_id: session });
    const again = await read(await nekod.post(body, { headers: { ...key, 'X-Resume-After': '7' } }));
    assert.deepEqual(dataOf(again), dataOf(all).slice(7));
    assert.equal(new Set(eventsIn2(all).map((e) => e.id)).size, 1);
  });

  test(`${kind}: a chat whose answer is not kept has expired`, async () => {
    const body = { stream: true, messages: [{ role: 'user', content: unique() }] };
    const headers = { 'Idempotency-Key': unique('key'), 'X-Resume-After': '3' };
    const error = await expectError(await nekod.post(body, { headers }), 400, 'stream_expired');
    assert.equal(error.param, 'X-Resume-After');
    const named = await nekod.post({ ...body, session_id: unique('session') }, { headers });
    await expectError(named, 400, 'stream_expired');
    await expectError(await nekod.post(body, { headers: { 'X-Resume-After': '3' } }), 400, 'missing_required_parameter');
    headers['X-Resume-After'] = 'x';
    await expectError(await nekod.post(body, { headers }), 400, 'invalid_value');
  });

  test(`${kind}: a request for a background response that is sent again has one response`, async () => {
    const body = background(slow(unique()));
    const key = { 'Idempotency-Key': unique('key') };
    const one = await responseOf(nekod, body, key);
    const two = await responseOf(nekod, body, key);
    assert.equal(two.json.id, one.json.id);
    assert.equal(two.response.headers.get('idempotent-replayed'), 'true');
    await inStatus(nekod, one.json.id, 'completed');
  });

  test(`${kind}: without store, a background response is kept for a while, and then no more`, async (t) => {
    const brief = await gateway(t, [...args, '--resume-age', '1']);
    const forgotten = await inBackground(brief, unique(), { store: false });
    const done = await inStatus(brief, forgotten.id, 'completed');
    assert.equal(done.store, false);
    const stored = await inBackground(brief, unique());
    await inStatus(brief, stored.id, 'completed');
    const live = blocksIn(await read(await follow(brief, stored.id)));
    const gone = async () => (await get(brief, forgotten.id)).status === 404;
    await until(gone, 'it is not forgotten');
    await until(async () => (await brief.figure('nekod_kept_answers')) === 0, 'answers are kept');
    await expectError(await follow(brief, forgotten.id), 404, 'response_not_found');
    const error = await expectError(await follow(brief, stored.id, '&starting_after=2'), 400, 'stream_expired');
    assert.equal(error.param, 'starting_after');
    const condensed = eventsIn(await read(await follow(brief, stored.id)));
    assert.deepEqual(condensed.map((e) => e.sequence_number), condensed.map((_, i) => i));
    assert.ok(condensed.length < live.length);
    assert.deepEqual(condensed.at(-1).response, await shown(brief, stored.id));
    assert.equal(await brief.figure('nekod_buffered_bytes'), 0);
  });

  test(`${kind}: what ran when nekod was killed has failed`, async (t) => {
    const file = ['--store', `sqlite:${join(temporaryFolder(t), 'sessions.db')}`];
    let nekodNow = await gateway(t, [...args, ...file]);
    const session = unique('session');
    const running = await inBackground(nekodNow, endless(unique()), { session_id: session });
    const waiting = await inBackground(nekodNow, unique(), { session_id: session });
    await inStatus(nekodNow, running.id, 'in_progress');
    nekodNow.kill('SIGKILL');
    await nekodNow.ended();
    nekodNow = await gateway(t, [...args, ...file]);
    for (const { id } of [running, waiting]) {
      // In a database that others share, the node that was killed first has to count as gone.
      const json = await inStatus(nekodNow, id, 'failed');
      assert.equal(json.error.code, 'server_error');
      assert.deepEqual(await jsonOf(await cancel(nekodNow, id)), json);
      const events = eventsIn(await read(await follow(nekodNow, id)));
      assert.deepEqual(events.slice(-2).map((e) => e.type), ['error', 'response.failed']);
      await expectError(await respond(nekodNow, { previous_response_id: id, input: 'x' }), 400, 'previous_response_not_found');
    }
  });

  test(`${kind}: what runs when nekod is stopped has failed`, async (t) => {
    const file = ['--store', `sqlite:${join(temporaryFolder(t), 'sessions.db')}`, '--drain-timeout', '0.2'];
    let nekodNow = await gateway(t, [...args, ...file]);
    const { id } = await inBackground(nekodNow, endless(unique()));
    await inStatus(nekodNow, id, 'in_progress');
    nekodNow.kill();
    assert.equal((await nekodNow.ended()).code, 0);
    nekodNow = await gateway(t, [...args, ...file]);
    assert.equal((await shown(nekodNow, id)).status, 'failed');
  });

  test(`${kind}: deleting a response in the background ends it`, async () => {
    const text = unique();
    const { id } = await inBackground(nekod, endless(text));
    await read(await follow(nekod, id), 10);
    assert.equal((await jsonOf(await get(nekod, id, { method: 'DELETE' }))).deleted, true);
    await aborted(kind, text);
    await until(async () => (await get(nekod, id)).status === 404, 'it is still there');
  });

  test(`${kind}: deleting the session of a response in the background deletes it`, async () => {
    const text = unique();
    const { id } = await inBackground(nekod, endless(text));
    const { session_id: session } = await inStatus(nekod, id, 'in_progress');
    const reader = follow(nekod, id).then((r) => read(r));
    await read(await follow(nekod, id), 10);
    await fetch(`${nekod.url}/sessions/${session}`, { method: 'DELETE' });
    await reader;
    await until(async () => (await get(nekod, id)).status === 404, 'it is still there');
  });
}

/// The objects in a chat's stream.
const eventsIn2 = (text) => dataOf(text).filter((data) => data !== '[DONE]').map((data) => (typeof data === 'string' ? JSON.parse(data) : data));

test('a background response whose turn fails is stored as failed, with the error', async (t) => {
  const nekod = await gateway(t, leadingToOpenai(sim));
  const { id } = await inBackground(nekod, unique(), { model: 'no-such-model' });
  const text = unique();
  const json = await until(async () => {
    const found = await shown(nekod, id);
    return /failed|completed/.test(found.status) && found;
  }, 'no end');
  if (json.status === 'completed') return; // The default model answered.
  assert.equal(json.status, 'failed', text);
  assert.ok(json.error.message);
});

test('a background response whose upstream refuses it is stored as failed', async (t) => {
  const nekod = await gateway(t, leadingToOpenai(sim));
  await sim.fault({ call: 'completions', kind: 'status', status: 400 });
  t.after(() => sim.clearFaults());
  const { id } = await inBackground(nekod, unique());
  const json = await inStatus(nekod, id, 'failed');
  assert.ok(json.error.message);
  const events = eventsIn(await read(await follow(nekod, id)));
  assert.deepEqual(events.slice(-2).map((e) => e.type), ['error', 'response.failed']);
  assert.deepEqual(events.at(-1).response.error, json.error);
});

test('starting_after must be a number, and one past the end only ends', async () => {
  const nekod = nekods.get('openai');
  const { id } = await inBackground(nekod, unique());
  await inStatus(nekod, id, 'completed');
  for (const bad of ['x', '-1', '1.5', '']) {
    const error = await expectError(await follow(nekod, id, `&starting_after=${bad}`), 400, 'invalid_value');
    assert.equal(error.param, 'starting_after');
  }
  const error = await expectError(await follow(nekod, id, '', { 'Last-Event-ID': 'x' }), 400, 'invalid_value');
  assert.equal(error.param, 'Last-Event-ID');
  assert.equal(blocksIn(await read(await follow(nekod, id, '&starting_after=100000'))).length, 0);
});

test('tenants do not meet', async (t) => {
  const keys = join(temporaryFolder(t), 'keys');
  const [one, two] = ['one', 'two'].map((name) => ({ Authorization: `Bearer ${addKey(keys, name)}` }));
  const nekod = await gateway(t, [...leadingToOpenai(sim), '--api-keys', keys]);
  const body = background(endless(unique()));
  const key = { 'Idempotency-Key': unique('key') };
  const { json } = await responseOf(nekod, body, { ...one, ...key });
  await inStatus(nekod, json.id, 'in_progress', one);
  await expectError(await get(nekod, json.id, { headers: two }), 404, 'response_not_found');
  await expectError(await follow(nekod, json.id, '', two), 404, 'response_not_found');
  await expectError(await cancel(nekod, json.id, two), 404, 'response_not_found');
  const removal = await get(nekod, json.id, { method: 'DELETE', headers: two });
  await expectError(removal, 404, 'response_not_found');
  const other = await responseOf(nekod, body, { ...two, ...key });
  assert.notEqual(other.json.id, json.id);
  assert.equal((await shown(nekod, json.id, one)).status, 'in_progress');
  await cancel(nekod, json.id, one);
  await cancel(nekod, other.json.id, two);
});

test('kept answers stay within the budget: those that have ended go, one that grows too large fails', async (t) => {
  const nekod = await gateway(t, [...leadingToOpenai(sim), '--max-buffered', `${256 << 10}`]);
  const ids = [];
  for (let i = 0; i < 30; ++i) {
    const { id } = await inBackground(nekod, `[sim tokens=100] ${unique()}`);
    await inStatus(nekod, id, 'completed');
    ids.push(id);
  }
  assert.ok((await nekod.figure('nekod_kept_answers')) < 30);
  assert.ok((await nekod.figure('nekod_buffered_bytes')) <= 256 * 1024);
  await expectError(await follow(nekod, ids[0], '&starting_after=1'), 400, 'stream_expired');
  await read(await follow(nekod, ids.at(-1), '&starting_after=1'));
  // A request needs room more than they do.
  const before = await nekod.figure('nekod_kept_answers');
  await jsonOf(await respond(nekod, { input: `${unique()} ${'x'.repeat(60 << 10)}` }));
  assert.ok((await nekod.figure('nekod_kept_answers')) < before);
  const { id } = await inBackground(nekod, `[sim tokens=200000] ${unique()}`);
  const json = await until(async () => {
    const response = await get(nekod, id);
    const shown = await response.json();
    // While it fills the budget, there may be no room for a request.
    if (response.status !== 200) assert.equal(shown.error.code, 'overloaded');
    return shown.status === 'failed' && shown;
  }, 'it has not failed');
  assert.ok(textOf(json).length > 0);
  await until(async () => (await sim.report()).active_replies === 0, 'the upstream goes on');
});

test('without room a background response is refused, and a resumable stream is not kept', async (t) => {
  const nekod = await gateway(t, [...leadingToOpenai(sim), '--max-buffered', `${64 << 10}`]);
  const running = [];
  let refused;
  for (let i = 0; i < 30 && !refused; ++i) {
    const answer = await respond(nekod, background(endless(unique())));
    if (answer.status !== 200) refused = answer;
    else running.push((await answer.json()).id);
  }
  assert.ok(running.length > 0);
  await expectError(refused, 503, 'overloaded');
  const stream = await respond(nekod, { input: unique(), stream: true }, resumable);
  assert.equal(stream.headers.get('x-resumable'), null);
  assert.equal(eventsIn(await read(stream)).at(-1).type, 'response.completed');
  for (const id of running) await cancel(nekod, id);
});

const inFiles = process.env.NEKOD_E2E_STORE === 'postgres' && 'it moves the file of the store away';

test('a response whose end could not be stored has failed, and is not queued for ever', { skip: inFiles }, async (t) => {
  const file = join(temporaryFolder(t), 'sessions.db');
  const nekod = await gateway(t, [...leadingToOpenai(sim), '--store', `sqlite:${file}`, '--resume-age', '1']);
  const text = unique();
  const { id } = await inBackground(nekod, endless(text));
  await inStatus(nekod, id, 'in_progress');
  renameSync(file, `${file}.old`);
  const cancelled = await jsonOf(await cancel(nekod, id));
  assert.equal(cancelled.status, 'cancelled', 'the client is told');
  await until(async () => (await nekod.figure('nekod_kept_answers')) === 0, 'it is kept for ever');
  renameSync(`${file}.old`, file);
  const ended = await until(async () => {
    const response = await get(nekod, id);
    return response.ok && response.json();
  }, 'the store stays away');
  assert.equal(ended.status, 'failed');
  assert.equal(ended.error.code, 'server_error');
});
