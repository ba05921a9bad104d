// Retries: each reads the answer of the first request, and the upstream gets the message once.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { addKey, answerOf, checkStream, expectError, gateway, leadingTo, pair, temporaryFolder, unique, until } from './support.mjs';

const { sim, nekod } = await pair({ after });

const question = (text, fields) => ({ messages: [{ role: 'user', content: text }], ...fields });
const nth = (count, more) => ({ headers: { 'X-Stainless-Retry-Count': `${count}`, ...more } });
const keyed = (key, more) => ({ headers: { 'Idempotency-Key': key, ...more } });

const send = async (body, options, gate = nekod) => answerOf(await gate.post(body, options));

/// Sends a request and leaves once the upstream has its message.
async function leaveEarly(text, body, options) {
  const leaving = new AbortController();
  const gone = nekod.post(body, { ...options, signal: leaving.signal }).then(
    () => assert.fail('there was an answer'),
    () => {},
  );
  await sim.reached(text);
  leaving.abort();
  await gone;
}

/// How many times the upstream was sent *text*.
const posts = async (text) =>
  (await sim.chats()).flatMap((chat) => chat.messages).filter((m) => m.text.includes(text)).length;

for (const stream of [true, false])
  test(`who waited in vain and asks again has the running turn's answer, stream ${stream}`, async () => {
    const text = `[sim first=2000 tokens=20] ${unique()}`;
    const body = question(text, { stream });
    await leaveEarly(text, body, nth(0));
    const first = await send(body, nth(1));
    assert.ok(first.replayed);
    assert.equal(first.match, 'new');
    assert.equal(first.text, (await sim.chatWith(text)).messages[0].reply);
    const again = await send(body, nth(2));
    assert.deepEqual(again, first, 'and once more when it was answered');
    assert.equal(await posts(text), 1);

    const next = unique('next');
    const told = [...body.messages, { role: 'assistant', content: first.text }, { role: 'user', content: next }];
    const on = await send({ messages: told }, nth(0));
    assert.equal(on.session, first.session);
    assert.equal(on.match, 'transcript');
    assert.equal((await sim.chatWith(text)).messages.length, 2);
  });

test('of two at once with one Idempotency-Key both have the same answer', async () => {
  const text = `[sim tokens=30 delay=5] ${unique()}`;
  const body = question(text, { stream: true });
  const answers = await Promise.all([1, 2, 3].map(() => send(body, keyed('one-key'))));
  assert.equal(new Set(answers.map((answer) => answer.text)).size, 1);
  assert.equal(new Set(answers.map((answer) => answer.session)).size, 1);
  assert.deepEqual(answers.map((answer) => answer.replayed).sort(), [false, true, true]);
  assert.equal(await posts(text), 1);
});

test('one of them may leave, in the middle of its stream, and the others read on', async () => {
  const text = `[sim tokens=60 delay=5] ${unique()}`;
  const options = keyed(unique('key'));
  const one = await nekod.stream(text, {}, options);
  await one.started();
  const two = await nekod.stream(text, {}, options);
  await two.started();
  one.leave();
  const { text: told } = checkStream(await two.rest());
  assert.equal((await sim.chatWith(text)).messages[0].reply, told, 'from the first word to the last');
});

test('who has the beginning of a stream and leaves does not come back, unless it has a key', async () => {
  const again = async (options) => {
    // Long enough to be left before its end, even in a slow build.
    const text = `[sim tokens=400 delay=5] ${unique()}`;
    const stream = await nekod.stream(text, {}, options(0));
    await stream.started();
    stream.leave();
    if (!options(0).headers['Idempotency-Key']) await sim.quiet();
    checkStream(await (await nekod.stream(text, {}, options(1))).rest());
    return posts(text);
  };
  const key = unique('key');
  assert.equal(await again((n) => nth(n)), 2);
  assert.equal(await again((n) => keyed(key, nth(n).headers)), 1);
});

test('who left before its own time was up was told to stop', async () => {
  const text = `[sim first=60000] ${unique()}`;
  const body = question(text, { stream: true });
  await leaveEarly(text, body, nth(0, { 'X-Stainless-Timeout': '600' }));
  await sim.quiet();
  await leaveEarly(text, body, nth(0, { 'X-Stainless-Read-Timeout': '600.0' }));
  assert.equal((await sim.quiet()).violation_count, 0);
});

test('who does not come back is waited for no longer than a while', async () => {
  const text = `[sim first=60000] ${unique()}`;
  await leaveEarly(text, question(text), keyed(unique('key')));
  await sim.quiet();
});

test('a session by name: a repeated request joins its turn, running or waiting, or has its answer', async () => {
  const id = unique('named');
  const [one, two] = [`[sim tokens=40 delay=30] ${unique('one')}`, unique('two')];
  const named = { session_id: id, model: undefined };
  const ask = async (text, count) => {
    const stream = await nekod.stream(text, named, nth(count));
    const match = stream.response.headers.get('x-session-match');
    return { match, text: checkStream(await stream.rest()).text };
  };
  const running = await nekod.stream(one, named, nth(0));
  await running.started();
  const waiting = ask(two, 0);
  // The request for the metrics counts as well.
  await until(async () => (await nekod.figure('nekod_open_requests')) === 3, 'it does not wait');
  const answers = await Promise.all([ask(one, 1), ask(two, 1), waiting]);
  assert.equal(answers[0].text, checkStream(await running.rest()).text);
  assert.equal(answers[1].text, answers[2].text);
  assert.equal((await ask(two, 2)).text, answers[2].text);
  for (const answer of answers) assert.equal(answer.match, 'explicit');
  assert.deepEqual((await sim.chatWith(one)).messages.map((m) => m.text), [one, two]);
});

test('an equal request that is none again, and one of the same key that asks for something else, are turns', async () => {
  const text = unique();
  const key = unique('key');
  const first = await send(question(text), keyed(key));
  assert.ok(!first.replayed);
  assert.notEqual((await send(question(text), nth(0))).session, first.session);
  assert.notEqual((await send(question(text), keyed(unique('key')))).session, first.session);
  const other = unique('other');
  assert.ok((await send(question(other), keyed(key))).text.includes(other));
  assert.equal(await posts(text), 3);
});

test('a request that failed before the upstream had its message is asked again', async (t) => {
  t.after(() => sim.clearFaults());
  const text = unique();
  const body = question(text, { session_id: unique('named') });
  await sim.fault({ call: 'stream', kind: 'status', status: 503, times: 3 });
  await expectError(await nekod.post(body, nth(0)), 502, 'upstream_error');
  assert.ok((await send(body, nth(1))).text.includes(text));
  assert.equal(await posts(text), 1);
});

for (const named of [true, false])
  test(`what is said anew and fails is not answered by what was said before, ${named ? 'by name' : 'to a new chat'}`, async (t) => {
    t.after(() => sim.clearFaults());
    const text = unique('go on');
    const body = question(text, named ? { session_id: unique('named') } : {});
    const before = await send(body, nth(0));
    await sim.fault({ call: 'stream', kind: 'status', status: 503, times: 3 });
    await expectError(await nekod.post(body, nth(0)), 502, 'upstream_error');
    const again = await send(body, nth(1));
    assert.ok(!again.replayed);
    assert.equal(again.session === before.session, named);
    assert.equal(await posts(text), 2);
  });

test("who only says the same words first is not told another client's answer, though it counts", async () => {
  const text = unique('Hello');
  const body = question(text);
  const from = (key, count) => nth(count, { Authorization: `Bearer ${key}` });
  const first = await send(body, from('alice', 0));
  // The first try of this request failed before it reached nekod.
  const other = await send(body, from('bob', 1));
  assert.ok(!other.replayed);
  assert.notEqual(other.session, first.session);
  assert.equal((await send(body, from('alice', 1))).session, first.session);
});

test('clients behind one key that say the same never share a session, although they repeat it', async () => {
  const text = `[sim first=1500 tokens=4] ${unique('Hello')}`;
  const body = question(text);
  const left = [];
  for (let i = 1; i <= 3; ++i) {
    const leaving = new AbortController();
    left.push([leaving, nekod.post(body, { ...nth(0), signal: leaving.signal }).catch(() => {})]);
    await until(async () => (await posts(text)) === i, 'it does not reach the upstream');
  }
  for (const [leaving, gone] of left) {
    leaving.abort();
    await gone;
  }
  const answers = await Promise.all(left.map(() => send(body, nth(1))));
  assert.equal(new Set(answers.map(({ session }) => session)).size, 3);
  // One that still has its client is not joined by another.
  const running = await nekod.stream(text, {}, nth(0));
  await running.started();
  const other = await send(body, nth(1));
  assert.ok(!other.replayed);
  assert.notEqual(other.session, running.session);
  running.leave();
});

test("nobody is given another tenant's answer, not even for the same key", async (t) => {
  const file = join(temporaryFolder(t), 'keys');
  const keys = ['ann', 'bob'].map((name) => addKey(file, name));
  const guarded = await gateway(t, [...leadingTo(sim), '--api-keys', file]);
  const body = question(unique());
  const ask = (key) => send(body, keyed('same', { ...nth(1).headers, Authorization: `Bearer ${key}` }), guarded);
  const [ann, bob] = [await ask(keys[0]), await ask(keys[1])];
  assert.notEqual(ann.session, bob.session);
  assert.ok(!bob.replayed);
  assert.ok((await ask(keys[0])).replayed);
});

test('a key that is too long is refused by name', async () => {
  const error = await expectError(await nekod.post(question(unique()), keyed('k'.repeat(256))), 400, 'invalid_value');
  assert.equal(error.param, 'Idempotency-Key');
});

test('repeated requests are counted, and the simulator saw no wrong use', async () => {
  for (const outcome of ['joined', 'replayed'])
    assert.ok((await nekod.figure(`nekod_repeated_requests_total{outcome="${outcome}"}`)) > 0, outcome);
  assert.deepEqual((await sim.quiet()).violations, []);
});
