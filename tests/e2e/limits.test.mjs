// No capacity left: each limit has an answer, and the gateway continues afterwards.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import {
  Connection,
  checkStream,
  expectError,
  gateway,
  leadingTo,
  leadingToOpenai,
  rawRequest,
  sanitized,
  simulator,
  temporaryFolder,
  unique,
  until,
} from './support.mjs';

const sim = await simulator({ after });

test('more requests than --max-streams are answered 503', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--max-streams', '3']);
  const slow = () => nekod.stream(`[sim tokens=200000 delay=20] ${unique()}`);
  const running = await Promise.all([slow(), slow(), slow()]);
  const response = await nekod.post({ messages: [{ role: 'user', content: 'one more' }] });
  assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  await expectError(response, 503, 'overloaded', 'server_error');
  running.forEach((stream) => stream.leave());
  await until(async () => {
    const answer = await nekod.post({ messages: [{ role: 'user', content: unique() }] });
    await answer.text();
    return answer.status === 200;
  }, 'there is still no room');
});

test('who finds no room is told so at once, and running streams do not notice', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--max-streams', '20', '--session-queue', '1']);
  const [busy, texts] = [unique('busy'), Array.from({ length: 18 }, () => unique('running'))];
  // Refusals are requested only in the first half of the streams, however long each takes.
  const tokens = sanitized ? 500 : 200;
  // One session has a waiting turn, and so no room for more.
  const held = await nekod.stream(`[sim tokens=${2 * tokens} delay=20] ${busy}`, { session_id: busy });
  await held.started();
  const more = Array.from({ length: 3 }, async () => {
    const response = await nekod.post({ session_id: busy, messages: [{ role: 'user', content: unique() }] });
    await response.text();
    return [response.status, response.headers.get('retry-after')];
  });
  const refused = [];
  for (const answer of more) answer.then((a) => refused.push(a));
  await until(() => refused.length === 2, 'the queue has no end');
  for (const [status, wait] of refused) assert.ok(status === 429 && wait > 0, `${status} after ${wait}`);
  const half = performance.now() + (tokens * 20) / 2;
  const streams = await Promise.all(texts.map((text) => nekod.stream(`[sim tokens=${tokens} delay=20] ${text}`)));
  const times = [];
  while (times.length < 200 && performance.now() < half) {
    const began = performance.now();
    const response = await nekod.post({ messages: [{ role: 'user', content: 'one more' }] });
    times.push(performance.now() - began);
    assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    await expectError(response, 503, 'overloaded', 'server_error');
  }
  assert.ok(times.length > 0, 'none was refused in time');
  t.diagnostic(`${times.length} refusals, half of them within ${times.sort((a, b) => a - b)[times.length >> 1].toFixed(1)} ms`);
  for (const [i, stream] of streams.entries()) assert.ok(checkStream(await stream.rest()).text.includes(texts[i]));
  checkStream(await held.rest());
  assert.deepEqual((await Promise.all(more)).map(([status]) => status).sort(), [200, 429, 429]);
});

const memory = 'past --max-memory chats are answered 503, running streams go on, and there is room again later';
test(memory, { skip: sanitized }, async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--max-memory', `${48 << 20}`]);
  const running = await nekod.stream(`[sim tokens=200 delay=20] ${unique()}`);
  await running.started();
  // Bodies without their last byte take memory. Small ones are read whatever their requests are.
  const bodies = Array.from({ length: 900 }, () => new Connection(nekod.port).reading());
  const body = rawRequest('POST', '/v1/chat/completions', ' '.repeat(60_000) + '{}');
  const refused = async () => {
    const response = await nekod.post({ messages: [{ role: 'user', content: unique() }] });
    const wait = response.headers.get('retry-after') ?? '';
    const { error } = await response.json();
    return response.status === 503 && error.code === 'overloaded' && wait;
  };
  bodies.forEach((connection) => connection.send(body.subarray(0, body.length - 1)));
  assert.match(await until(refused, 'memory has no end'), /^[1-9]\d*$/);
  assert.equal((await fetch(`${nekod.url}/health/ready`)).status, 200);
  checkStream(await running.rest());
  assert.ok(await refused(), 'there was room meanwhile');
  // A large body is not even read now.
  const late = new Connection(nekod.port).reading();
  t.after(() => late.end());
  await late.send(rawRequest('POST', '/v1/chat/completions', ' '.repeat(12 << 20)).subarray(0, 1000));
  await late.seen(/^HTTP\/1\.1 503 /);
  bodies.forEach((connection) => connection.end());
  await until(async () => !(await refused()), 'there is still no room');
});

test('--max-memory is asked again as bodies grow', { skip: sanitized }, async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--max-memory', `${48 << 20}`]);
  const body = rawRequest('POST', '/v1/chat/completions', ' '.repeat(12 << 20) + '{}');
  const bodies = Array.from({ length: 6 }, () => new Connection(nekod.port).reading());
  t.after(() => bodies.forEach((connection) => connection.end()));
  // All of them are accepted when their headers arrive.
  for (const connection of bodies) await connection.send(body.subarray(0, 100_000));
  bodies.forEach((connection) => connection.send(body.subarray(100_000, body.length - 1)));
  const refused = () => bodies.filter(({ text }) => /^HTTP\/1\.1 503 [^]*Retry-After[^]*overloaded/.test(text));
  await until(() => refused().length > 0, 'no body is refused while it comes');
  assert.ok(nekod.memory() < 96, `${nekod.memory()} MiB`);
});

/// Chats with bodies of *size* bytes without their last byte.
async function unfinished(t, nekod, count, size) {
  const body = rawRequest('POST', '/v1/chat/completions', ' '.repeat(size) + '{}');
  const all = Array.from({ length: count }, () => new Connection(nekod.port).reading());
  t.after(() => all.forEach((connection) => connection.end()));
  for (const connection of all) connection.send(body.subarray(0, body.length - 1));
  await Promise.all(all.map((connection) => connection.opened));
  return all;
}

const held = 'unfinished bodies hold no more than --max-buffered together, running streams go on, and there is room again later';
test(held, async (t) => {
  const limit = 24 << 20;
  const nekod = await gateway(t, [...leadingTo(sim), '--max-buffered', `${limit}`]);
  const buffered = () => nekod.figure('nekod_buffered_bytes');
  await nekod.ask(unique());
  const before = nekod.memory();
  const running = await nekod.stream(`[sim tokens=200 delay=20] ${unique()}`);
  await running.started();
  let most = 0;
  const watched = async (probe, what) =>
    until(async () => ((most = Math.max(most, await buffered())), probe()), what);
  const refusal = /^HTTP\/1\.1 503 [^]*Connection: close[^]*Retry-After: [1-9]\d*\r\n[^]*overloaded/;
  const bodies = await unfinished(t, nekod, 60, 1 << 20);
  // A body counts three times, and bodies may use three quarters of the limit.
  await watched(() => bodies.filter(({ text }) => refusal.test(text)).length >= 54, 'too many bodies are held');
  const more = { messages: [{ role: 'user', content: ' '.repeat(2 << 20) }] };
  const response = await nekod.post(more).catch(() => undefined);
  if (response) {
    assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    await expectError(response, 503, 'overloaded', 'server_error');
  }
  assert.equal((await fetch(`${nekod.url}/health/ready`)).status, 200);
  checkStream(await running.rest());
  assert.ok(most <= limit, `${most} bytes held`);
  assert.ok(most > limit / 4, `only ${most} bytes held`);
  if (!sanitized) assert.ok(nekod.memory() < before + 64, `${nekod.memory()} MiB, from ${before}`);
  for (const connection of bodies) connection.end();
  await until(async () => (await buffered()) === 0, 'bytes stay');
  await nekod.ask(`${unique()} ${'x'.repeat(100_000)}`);
  // Its client may have the answer a moment before nekod lets go of the request.
  await until(async () => (await buffered()) === 0, 'bytes of an answered request stay');
});

test('a request that could never fit into --max-buffered is answered 413, others are not', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--max-buffered', `${4 << 20}`]);
  const chat = (size) => ({ messages: [{ role: 'user', content: `${unique()}${' '.repeat(size)}` }] });
  const response = await nekod.post(chat(1_200_000)).catch(() => undefined);
  if (response) await expectError(response, 413, 'content_too_large');
  const announced = new Connection(nekod.port).reading();
  t.after(() => announced.end());
  await announced.send(rawRequest('POST', '/v1/chat/completions', '', { 'Content-Length': 1_200_000 }));
  await announced.seen(/^HTTP\/1\.1 413 [^]*at most 1048576 bytes/);
  const answer = await nekod.post(chat(900_000));
  assert.equal(answer.status, 200, await answer.text());
});

for (const [kind, leading] of Object.entries({ anuneko: leadingTo, openai: leadingToOpenai })) {
  test(`a whole answer that outgrows --max-buffered is given up, with 503: ${kind}`, async (t) => {
    const nekod = await gateway(t, [...leading(sim), '--max-buffered', `${1 << 20}`]);
    const text = unique('long');
    const response = await nekod.post({ messages: [{ role: 'user', content: `[sim tokens=1000000] ${text}` }] });
    assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    await expectError(response, 503, 'overloaded', 'server_error');
    await sim.quiet();
    assert.equal(await nekod.figure('nekod_buffered_bytes'), 0);
    await nekod.ask(unique());
  });
}

test('connections past --max-connections are sent away, and there is room again later', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--max-connections', '4']);
  const idle = Array.from({ length: 4 }, () => new Connection(nekod.port));
  for (const connection of idle) await connection.reading().send(rawRequest('GET', '/health'));
  for (const connection of idle) await connection.seen(/healthy/);
  const late = await new Connection(nekod.port).reading().send(rawRequest('GET', '/v1/models'));
  await late.seen(/503 Service Unavailable[^]*Connection: close[^]*Retry-After[^]*overloaded/);
  const monitor = await new Connection(nekod.port).reading().send(rawRequest('GET', '/health'));
  await monitor.seen(/200 OK[^]*Connection: close[^]*healthy/);
  idle[0].end();
  await until(async () => (await fetch(`${nekod.url}/health`).catch(() => undefined))?.status === 200, 'no room');
  [...idle, late, monitor].forEach((connection) => connection.end());
});

test('past --max-connections those that have said nothing give way to new ones', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--max-connections', '4']);
  const half = rawRequest('GET', '/health').subarray(0, 20);
  const silent = Array.from({ length: 4 }, () => new Connection(nekod.port).reading());
  t.after(() => silent.forEach((connection) => connection.end()));
  for (const [i, connection] of silent.entries()) {
    await connection.opened;
    if (i % 2) await connection.send(half);
  }
  const kept = [];
  for (let i = 0; i < 4; ++i) {
    const connection = await new Connection(nekod.port).reading().send(rawRequest('GET', '/v1/models'));
    await connection.seen(/^HTTP\/1\.1 200 /);
    kept.push(connection);
  }
  await until(() => silent.every(({ closed }) => closed), 'silent ones are kept');
  // Connections that had an answer stay.
  const late = await new Connection(nekod.port).reading().send(rawRequest('GET', '/v1/models'));
  await late.seen(/^HTTP\/1\.1 503 /);
  assert.ok(kept.every(({ closed }) => !closed));
  kept.forEach((connection) => connection.end());
});

test('connections that broke before they were taken leave their room', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--max-connections', '8']);
  nekod.kill('SIGSTOP');
  for (let i = 0; i < 50; ++i) {
    const connection = new Connection(nekod.port);
    await connection.opened;
    connection.socket.resetAndDestroy();
  }
  nekod.kill('SIGCONT');
  const late = new Connection(nekod.port).reading();
  late.socket.write(rawRequest('GET', '/health'));
  await late.seen(/healthy/);
  late.end();
});

test('connections that broke while much was written are counted once', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--write-timeout', '1']);
  const flood = () => {
    const messages = [{ role: 'user', content: `[sim tokens=1000000] ${unique()}` }];
    return rawRequest('POST', '/v1/chat/completions', { stream: true, messages });
  };
  const stillAnswers = async () => {
    const late = new Connection(nekod.port).reading();
    late.socket.write(rawRequest('GET', '/health', '', { Connection: 'close' }));
    await until(() => late.closed, 'the connection stays open');
    assert.match(late.text, /healthy/);
  };
  for (let i = 0; i < 5; ++i) {
    const connection = new Connection(nekod.port).reading();
    connection.socket.write(flood());
    await connection.seen(/"content":"[^"]/);
    connection.socket.resetAndDestroy();
    await sim.quiet();
    await stillAnswers();
  }
  const before = (await sim.report()).replies_aborted;
  const stuck = new Connection(nekod.port);
  stuck.socket.write(flood());
  await until(async () => (await sim.report()).replies_aborted > before, 'nobody lets go of it');
  await stillAnswers();
  stuck.end();
});

test('a gateway that ran out of files goes on when there are some again', { skip: sanitized }, async (t) => {
  const nekod = await gateway(t, leadingTo(sim), { files: '80:80' });
  const idle = Array.from({ length: 120 }, () => new Connection(nekod.port).reading());
  for (const connection of idle) connection.socket.write(rawRequest('GET', '/health'));
  await until(() => idle.filter((connection) => connection.text).length > 20, 'nobody is answered');
  idle.forEach((connection) => connection.end());
  const late = new Connection(nekod.port).reading();
  late.socket.write(rawRequest('GET', '/health'));
  await late.seen(/healthy/);
  late.end();
  const stream = await nekod.stream(unique());
  checkStream(await stream.rest());
});

test('--session-ttl forgets what nobody uses', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--session-ttl', '1', '--session-idle', '1']);
  const { json } = await nekod.ask(unique());
  await until(async () => {
    const { sessions } = await (await fetch(`${nekod.url}/sessions`)).json();
    return !sessions.some((session) => session.id === json.session_id);
  }, 'the session is still there');
});

test('--session-max-age ends a session however often it is used', async (t) => {
  const file = join(temporaryFolder(t), 'sessions.db');
  for (const store of ['memory', `sqlite:${file}`]) {
    const nekod = await gateway(t, [...leadingTo(sim), '--store', store, '--session-max-age', '1']);
    const [id, unused] = [unique('old'), unique('unused')];
    const show = async (name) => (await fetch(`${nekod.url}/sessions/${name}`)).json();
    const first = unique();
    await nekod.ask(first, { session_id: id });
    await nekod.ask(unique(), { session_id: unused });
    const { created_at } = await show(id);
    const last = await until(async () => {
      const text = unique();
      await nekod.ask(text, { session_id: id });
      const now = (await show(id)).created_at;
      return now && now !== created_at && text;
    }, 'the session goes on');
    assert.notEqual((await sim.chatWith(last)).id, (await sim.chatWith(first)).id, 'a new chat');
    await until(async () => (await show(unused)).status === 'error', 'the other one is still there');
  }
});

test('a session that left memory goes on in its upstream chat', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--session-idle', '1']);
  const [one, two] = [unique('one'), unique('two')];
  const { json } = await nekod.ask(one);
  const left = Date.now() + 2500;
  await until(() => Date.now() > left, 'the clock stands still');
  await nekod.ask(two, { session_id: json.session_id });
  assert.equal((await sim.chatWith(two)).messages[0].text, one);
});

test('the simulator saw no wrong use', async () => {
  assert.deepEqual((await sim.quiet()).violations, []);
});
