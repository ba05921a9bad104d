// How the openai package retries after nekod's refusals, and what reaches the upstream meanwhile.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { checkStream, pair, unique } from '../e2e/support.mjs';
import { kind } from './kinds.mjs';
import { OpenAI } from './official.mjs';

const { leading, call } = kind;
// nekod itself does not retry, so that failures reach the package.
const alone = ['--retries', '0', '--circuit-failures', '0'];
const { sim, nekod } = await pair({ after }, { leading, nekod: ['--session-queue', '1', ...alone] });
const [model] = kind.models;
const say = (text, fields) => ({ model, messages: [{ role: 'user', content: text }], ...fields });

function client(maxRetries) {
  const requests = [];
  const openai = new OpenAI({
    apiKey: 'any-key-will-do',
    baseURL: `${nekod.url}/v1`,
    maxRetries,
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      const count = new Headers(init.headers).get('x-stainless-retry-count');
      requests.push([response.status, count]);
      return response;
    },
  });
  return { openai, requests };
}

/// A session with one running and one waiting turn, which accepts no third one.
async function busy(id, tokens) {
  const running = await nekod.stream(`[sim tokens=${tokens} delay=10] ${unique()}`, { session_id: id });
  await running.started();
  const rivals = [0, 1].map(() => nekod.post(say(unique(), { session_id: id })));
  assert.equal((await Promise.race(rivals)).status, 429);
  return { running, rivals };
}

test('a busy session is a RateLimitError', async () => {
  const id = unique('busy');
  const { running, rivals } = await busy(id, 200);
  const { openai } = client(0);
  const error = await openai.chat.completions
    .create(say(unique(), { session_id: id }))
    .then(() => assert.fail('no error'), (e) => e);
  assert.ok(error instanceof OpenAI.RateLimitError, error.message);
  assert.equal(error.code, 'session_busy');
  assert.match(error.headers.get('retry-after'), /^\d+$/);
  checkStream(await running.rest());
  await Promise.all(rivals);
});

test('the package waits for a busy session and then gets its answer', async () => {
  const id = unique('busy');
  const { running, rivals } = await busy(id, 100);
  const { openai, requests } = client(10);
  const text = unique();
  const answer = await openai.chat.completions.create(say(text, { session_id: id }));
  assert.ok(answer.choices[0].message.content.includes(text));
  assert.deepEqual(requests.at(0), [429, '0']);
  assert.equal(requests.at(-1)[0], 200);
  checkStream(await running.rest());
  await Promise.all(rivals);
  assert.equal(await kind.asked(sim, text), 1, 'posted once');
});

test('an upstream without room is tried again by the package', async (t) => {
  t.after(() => sim.clearFaults());
  await sim.fault({ call, kind: 'status', status: 503, times: 1000 });
  const { openai, requests } = client(2);
  await assert.rejects(openai.chat.completions.create(say(unique())), OpenAI.InternalServerError);
  const status = kind.name === 'anuneko' ? 502 : 503;
  assert.deepEqual(requests, ['0', '1', '2'].map((count) => [status, count]));
});

test('a message that AnuNeko may have taken is not said twice by the package', async (t) => {
  t.after(() => sim.clearFaults());
  await sim.fault({ call, kind: 'cut', after_events: 1, times: 1000 });
  const { openai, requests } = client(2);
  await assert.rejects(openai.chat.completions.create(say(unique())), OpenAI.InternalServerError);
  // An upstream that keeps nothing may get the message again: it has no conversation that could hold it twice.
  const tries = kind.name === 'anuneko' ? ['0'] : ['0', '1', '2'];
  assert.deepEqual(requests, tries.map((count) => [502, count]));
});

test('the package gives up waiting and asks again: the upstream hears it once', async () => {
  const { openai, requests } = client(5);
  const text = `[sim first=1200 tokens=20] ${unique()}`;
  for (const stream of [false, true]) {
    const said = say(`${stream} ${text}`, { stream });
    const answer = await openai.chat.completions.create(said, { timeout: 400 });
    if (stream) for await (const chunk of answer) assert.ok(chunk.choices);
    assert.deepEqual(await kind.heard(sim, `${stream} ${text}`), [`${stream} ${text}`]);
    assert.equal(await kind.state(sim, `${stream} ${text}`), 'done');
    assert.equal(await kind.asked(sim, `${stream} ${text}`), 1);
  }
  assert.ok(requests.some(([, count]) => count !== '0'), 'it asked again');
});

test('the simulator saw no wrong use', async () => {
  const report = await sim.quiet();
  assert.deepEqual(report.violations, []);
});
