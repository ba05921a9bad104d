// Clients that leave, and clients that do not read.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import {
  Connection,
  checkStream,
  gateway,
  leadingTo,
  pair,
  rawRequest,
  sanitized,
  unique,
  until,
} from './support.mjs';

const { sim, nekod } = await pair({ after });

const endless = '[sim tokens=200000 delay=20]';
const message = async (text) =>
  (await sim.chatWith(text))?.messages.find((entry) => entry.text.includes(text));
const aborted = (text) =>
  until(async () => (await message(text))?.state === 'aborted', `${text} is not aborted`);

/// The session must be usable at once, in the upstream chat that was sent *before*.
async function goesOn(id, before) {
  const text = unique('after');
  const { text: answer } = await nekod.ask(text, { session_id: id });
  assert.ok(answer.includes(text));
  if (!before) return;
  const chat = await sim.chatWith(text);
  assert.ok(chat.messages.some((entry) => entry.text.includes(before)), 'the same chat');
  assert.equal(chat.messages.at(-1).text, text, 'told nothing twice');
}

test('leaving in the middle of a stream cancels the reply upstream', async () => {
  const [id, text] = [unique('session'), unique()];
  const stream = await nekod.stream(`${endless} ${text}`, { session_id: id });
  await stream.started();
  stream.leave();
  await aborted(text);
  assert.equal((await sim.report()).active_replies, 0);
  await goesOn(id, text);
});

test('leaving before the first byte cancels the reply upstream', async () => {
  const [id, text] = [unique('session'), unique()];
  const leaving = new AbortController();
  const body = { stream: true, session_id: id, messages: [{ role: 'user', content: `[sim first=60000] ${text}` }] };
  const answer = nekod.post(body, { signal: leaving.signal }).then((r) => r.text());
  await sim.reached(text);
  leaving.abort();
  await assert.rejects(answer);
  await aborted(text);
  await goesOn(id);
});

test('leaving while a whole answer is collected cancels the reply upstream', async () => {
  const [id, text] = [unique('session'), unique()];
  const leaving = new AbortController();
  const body = { session_id: id, messages: [{ role: 'user', content: `${endless} ${text}` }] };
  const answer = nekod.post(body, { signal: leaving.signal });
  await sim.reached(text);
  leaving.abort();
  await assert.rejects(answer);
  await aborted(text);
  await goesOn(id);
});

test('a turn that left the queue never reaches the upstream', async (t) => {
  const tight = await gateway(t, [...leadingTo(sim), '--session-queue', '1']);
  const [id, text] = [unique('session'), unique()];
  const running = await tight.stream(`${endless} ${text}`, { session_id: id });
  await running.started();
  // Of two more turns one waits and the other is refused; then the waiting one leaves.
  const rivals = [unique('rival'), unique('rival')].map((content) => {
    const leaving = new AbortController();
    const body = { session_id: id, messages: [{ role: 'user', content }] };
    const rival = { content, leaving, status: undefined };
    rival.answer = tight.post(body, { signal: leaving.signal }).then(
      (response) => (rival.status = response.status),
      () => (rival.status = 'left'),
    );
    return rival;
  });
  await Promise.race(rivals.map((rival) => rival.answer));
  const [refused, waiting] = rivals[0].status ? rivals : [rivals[1], rivals[0]];
  assert.equal(refused.status, 429);
  assert.equal(waiting.status, undefined);
  waiting.leaving.abort();
  await waiting.answer;
  await tight.logged(/ client_left$/m);
  running.leave();
  await aborted(text);
  const last = unique('last');
  await until(async () => {
    const response = await tight.post({ session_id: id, messages: [{ role: 'user', content: last }] });
    await response.text();
    return response.status === 200;
  }, 'the session does not go on');
  for (const rival of rivals) assert.equal(await sim.chatWith(rival.content), undefined);
});

test('leaving again and again leaves nothing behind', async () => {
  const ids = Array.from({ length: 10 }, () => unique('session'));
  for (let round = 0; round < 3; ++round) {
    await Promise.all(
      ids.map(async (id) => {
        const stream = await nekod.stream(`${endless} ${unique()}`, { session_id: id });
        await stream.started();
        stream.leave();
      }),
    );
  }
  await sim.quiet();
  await Promise.all(ids.map((id) => goesOn(id)));
});

test('a client that closes its sending side counts as gone', async () => {
  const text = unique();
  const connection = new Connection(nekod.port).reading();
  const body = { stream: true, messages: [{ role: 'user', content: `[sim tokens=100000 delay=2] ${text}` }] };
  await connection.send(rawRequest('POST', '/v1/chat/completions', body));
  await connection.seen(/"delta":\{"content":"[^"]/);
  connection.socket.end();
  await until(async () => (await message(text)).state === 'aborted', 'it goes on');
  connection.end();
});

/// Requests that end their connection: HTTP/1.1 with `Connection: close`, and HTTP/1.0.
const lastOnes = {
  'Connection: close': (body) => rawRequest('POST', '/v1/chat/completions', body, { Connection: 'close' }),
  'HTTP/1.0': (body) => Buffer.from(rawRequest('POST', '/v1/chat/completions', body).toString().replace('HTTP/1.1', 'HTTP/1.0')),
  'HTTP/1.0 with keep-alive': (body) =>
    Buffer.from(rawRequest('POST', '/v1/chat/completions', body, { Connection: 'keep-alive' }).toString().replace('HTTP/1.1', 'HTTP/1.0')),
};
for (const [name, request] of Object.entries(lastOnes)) {
  test(`a client that closes its sending side behind its last request gets its answer: ${name}`, async () => {
    const asked = async (body, pattern) => {
      const connection = new Connection(nekod.port).reading();
      await connection.opened;
      connection.socket.end(request(body));
      await until(() => connection.closed, 'the connection stays open');
      assert.match(connection.text, pattern);
    };
    for (const stream of [true, false]) {
      const text = unique();
      // Takes longer than noticing the end of what was sent.
      const content = `[sim first=300] ${text}`;
      const whole = stream ? /^HTTP\/1\.1 200 [^]*data: \[DONE\]/ : new RegExp(`^HTTP/1\\.1 200 [^]*${text}`);
      await asked({ stream, messages: [{ role: 'user', content }] }, whole);
      assert.equal((await message(text)).state, 'done');
    }
    await asked({ messages: [] }, /^HTTP\/1\.1 400 [^]*empty_messages/);
  });

  test(`a client that then really leaves cancels its turn: ${name}`, async () => {
    const text = unique();
    const connection = new Connection(nekod.port).reading();
    await connection.opened;
    connection.socket.end(request({ stream: true, messages: [{ role: 'user', content: `${endless} ${text}` }] }));
    await connection.seen(/"delta":\{"content":"[^"]/);
    assert.equal((await message(text)).state, 'streaming');
    connection.socket.resetAndDestroy();
    await aborted(text);
    const waiting = unique();
    const silent = new Connection(nekod.port).reading();
    await silent.opened;
    silent.socket.end(request({ messages: [{ role: 'user', content: `[sim first=60000] ${waiting}` }] }));
    await sim.reached(waiting);
    silent.socket.resetAndDestroy();
    await aborted(waiting);
  });
}

test('of requests one behind the other the last one says whether its client waits', async () => {
  const [first, second] = [unique('first'), unique('second')];
  const chat = (text, headers) =>
    rawRequest('POST', '/v1/chat/completions', { messages: [{ role: 'user', content: `[sim first=200] ${text}` }] }, headers);
  const connection = new Connection(nekod.port).reading();
  await connection.opened;
  connection.socket.end(Buffer.concat([chat(first), chat(second, { Connection: 'close' })]));
  await until(() => connection.closed, 'the connection stays open');
  assert.match(connection.text, new RegExp(`^HTTP/1\\.1 200 [^]*${first}[^]*HTTP/1\\.1 200 [^]*${second}`));
});

test('a client that does not read pauses the upstream and costs bounded memory', async () => {
  const [id, text] = [unique('session'), unique()];
  await nekod.ask(unique('warm up'));
  const before = nekod.memory();
  const connection = new Connection(nekod.port);
  const body = { stream: true, session_id: id, messages: [{ role: 'user', content: `[sim tokens=1000000] ${text}` }] };
  await connection.send(rawRequest('POST', '/v1/chat/completions', body));
  await sim.reached(text);

  // Paused: nekod is idle in many checks, although the reply is not over.
  let [last, still] = [-1, 0];
  await until(async () => {
    const { state } = await message(text);
    assert.equal(state, 'streaming', 'the whole reply was swallowed');
    still = nekod.ticks() === last ? still + 1 : 0;
    last = nekod.ticks();
    return still >= 50;
  }, 'the upstream is never paused');
  const grown = nekod.memory() - before;
  if (!sanitized) assert.ok(grown < 64, `nekod grew by ${grown} MiB`);

  // The others do not notice.
  const stream = await nekod.stream(unique());
  checkStream(await stream.rest());

  connection.end();
  await aborted(text);
  await goesOn(id);
});

test('a client that reads slowly gets everything', async () => {
  const text = unique();
  const stream = await nekod.stream(`[sim tokens=60000] ${text}`);
  while (!stream.ended) {
    await stream.more();
    await sim.report();
  }
  const answer = checkStream(stream.raw);
  assert.equal(answer.text, (await message(text)).reply);
});

test('a reply that waits for its client is not taken for a silent upstream', async (t) => {
  const hasty = await gateway(t, [...leadingTo(sim), '--request-timeout', '1']);
  const text = unique();
  const connection = new Connection(hasty.port);
  const body = { stream: true, messages: [{ role: 'user', content: `[sim tokens=100000] ${text}` }] };
  await connection.send(rawRequest('POST', '/v1/chat/completions', body));
  await sim.reached(text);
  // Each check takes 10 ms or more: in the end it has waited longer than an upstream may.
  let [last, still] = [-1, 0];
  await until(async () => {
    still = hasty.ticks() === last ? still + 1 : 0;
    last = hasty.ticks();
    return still >= 150;
  }, 'the upstream is never paused');
  connection.reading();
  await until(() => connection.closed || /\[DONE\]|"error"/.test(connection.text.slice(-400)), 'no end');
  assert.match(connection.text.slice(-400), /\[DONE\]/);
  connection.end();
});

test('--write-timeout lets go of a client that does not read', async (t) => {
  const hasty = await gateway(t, [...leadingTo(sim), '--write-timeout', '1']);
  const text = unique();
  const connection = new Connection(hasty.port);
  const body = { stream: true, messages: [{ role: 'user', content: `[sim tokens=1000000] ${text}` }] };
  await connection.send(rawRequest('POST', '/v1/chat/completions', body));
  await aborted(text);
  connection.end();
});

test('the simulator saw no wrong use', async () => {
  const report = await sim.quiet();
  assert.deepEqual(report.violations, []);
});
