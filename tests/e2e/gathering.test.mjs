// Whole answers whose events gather before they are read (--gather-time), and streams, whose events never do. With
// a gather time of an hour only many bytes, or the end of the connection, show.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import {
  answerOf,
  certificate,
  checkStream,
  expectError,
  gateway,
  leadingTo,
  pair,
  simulator,
  unique,
  until,
} from './support.mjs';

// Our own client's; libcurl reads each event as it comes.
const own = ['--upstream-client', 'auto'];
const { sim, nekod } = await pair({ after }, { nekod: [...own, '--gather-time', '3600', '--request-timeout', '1'] });

const body = (text, fields) => ({ messages: [{ role: 'user', content: text }], ...fields });
const aborted = (text) =>
  until(async () => {
    const chat = await sim.chatWith(text);
    return chat?.messages.find((entry) => entry.text.includes(text))?.state === 'aborted';
  }, `${text} is not aborted`);

test('no event of a stream gathers, in either API', async () => {
  const stream = await nekod.stream(`[sim tokens=30 delay=1] ${unique()}`);
  checkStream(await stream.rest());
  const response = await nekod.post(
    { model: 'mihoyo-orange_cat', input: `[sim tokens=30 delay=1] ${unique()}`, stream: true },
    { path: '/v1/responses' },
  );
  assert.match(await response.text(), /event: response\.completed\n/);
});

test('time limits hold while the events of a whole answer gather, and its connection is not used again', async () => {
  const id = unique('session');
  const slow = await nekod.post(body(`[sim tokens=30 delay=10] ${unique()}`, { session_id: id }));
  await expectError(slow, 504, 'upstream_timeout', 'server_error');
  const stream = await nekod.stream(`[sim tokens=30 delay=1] ${unique()}`, { session_id: id });
  checkStream(await stream.rest());
});

test('a client that leaves while they gather cancels the reply upstream', async () => {
  const text = unique();
  const leaving = new AbortController();
  const answer = nekod
    .post(body(`[sim tokens=200000 delay=5] ${text}`), { signal: leaving.signal })
    .then((r) => r.text());
  await sim.reached(text);
  leaving.abort();
  await assert.rejects(answer);
  await aborted(text);
});

test('an upstream that breaks off while they gather is heard at once', async (t) => {
  const patient = await gateway(t, [...leadingTo(sim), ...own, '--gather-time', '3600', '--request-timeout', '600']);
  await sim.fault({ call: 'stream', kind: 'cut', times: 1, after_events: 20 });
  const response = await patient.post(body(`[sim tokens=40 delay=1] ${unique()}`));
  await expectError(response, 502, 'upstream_error', 'server_error');
});

for (const secure of [false, true])
  test(`whole answers are those of streams${secure ? ', over TLS' : ''}, and their connections carry streams`, async (t) => {
    const tls = secure ? certificate(t) : null;
    const upstream = secure ? await simulator(t, ['--tls-cert', tls.cert, '--tls-key', tls.key]) : sim;
    const usual = await gateway(t, [...leadingTo({ url: secure ? upstream.url.replace('http:', 'https:') : upstream.url }), ...own, ...(secure ? ['--upstream-ca', tls.cert] : [])]);
    for (let i = 0; i < 3; ++i) {
      const text = `[sim tokens=64 delay=1] ${unique()}`;
      const whole = await answerOf(await usual.post(body(text)));
      const streamed = await answerOf(await usual.post(body(text, { stream: true, session_id: unique('session') })));
      assert.equal(whole.text, streamed.text);
      const response = await usual.post({ model: 'mihoyo-orange_cat', input: text }, { path: '/v1/responses' });
      const { output } = await response.json();
      assert.equal(output.at(-1).content[0].text, whole.text);
    }
  });

test('two that read the same whole answer get all of it', async (t) => {
  const usual = await gateway(t, [...leadingTo(sim), ...own]);
  const question = body(`[sim tokens=200 delay=2] ${unique()}`);
  const headers = { 'Idempotency-Key': unique('key') };
  const answers = await Promise.all([1, 2].map(async () => answerOf(await usual.post(question, { headers }))));
  assert.equal(answers[0].text, answers[1].text);
});

test('the simulator saw no wrong use', async () => {
  await sim.quiet();
  assert.deepEqual((await sim.report()).violations, []);
});
