// Clients that do not read, a thousand at a time: each costs a bounded number of bytes, is dropped in time, and
// does not harm the others.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { Connection, checkStream, gateway, leadingTo, leadingToOpenai, rawRequest, sanitized, simulator, unique, until } from './support.mjs';

const count = sanitized ? 100 : 1000;
const sim = await simulator({ after });

/// *count* clients that ask for as much as possible, and read nothing.
async function stall(nekod) {
  const flood = () => rawRequest('POST', '/v1/chat/completions', { stream: true, messages: [{ role: 'user', content: `[sim tokens=10000000] ${unique()}` }] });
  const clients = Array.from({ length: count }, () => new Connection(nekod.port));
  await Promise.all(clients.map((client) => client.send(flood())));
  return clients;
}

const upstreams = { anuneko: leadingTo, openai: leadingToOpenai };
for (const [kind, buffer] of [['anuneko', 65_536], ['anuneko', 262_144], ['openai', 262_144]]) {
  test(`${count} of them cost no more than ${buffer} bytes each over ${kind}, and some for the rest`, async (t) => {
    const nekod = await gateway(t, [...upstreams[kind](sim), '--stream-buffer', `${buffer}`, '--write-timeout', '600']);
    await nekod.ask(unique('warm up'));
    const before = nekod.memory();
    const clients = await stall(nekod);
    await until(async () => (await nekod.figure('nekod_open_streams')) === count, 'they are not streamed to');
    // Normal clients get answers while nekod is at its busiest.
    checkStream(await (await nekod.stream(unique('beside'))).rest());
    // Paused.
    await nekod.resting(100, 'the upstream is never paused');
    checkStream(await (await nekod.stream(unique('beside'))).rest());
    const each = ((nekod.memory() - before) * 1024 * 1024) / count;
    t.diagnostic(`${Math.round(each / 1024)} KiB a client`);
    if (!sanitized) assert.ok(each < buffer + 128 * 1024, `${each} bytes each`);
    clients.forEach((client) => client.end());
    await sim.quiet();
    await until(async () => (await nekod.figure('nekod_open_streams')) === 0, 'streams stay open');
    // A reply learns of its client's end in its next run, after the server, which counts streams.
    await until(async () => (await nekod.figure('nekod_buffered_bytes')) === 0, 'bytes stay in memory');
  });
}

test('past --write-timeout they are dropped, and a client that takes a little now and then is not', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--write-timeout', sanitized ? '5' : '1']);
  const clients = await stall(nekod);
  const text = unique('slowly');
  const slow = new Connection(nekod.port);
  const began = Date.now();
  await slow.send(rawRequest('POST', '/v1/chat/completions', { stream: true, messages: [{ role: 'user', content: `[sim tokens=200000] ${text}` }] }, { Connection: 'close' }));
  // Each check takes 10 ms or more: in the end it has taken much longer than a client may that accepts nothing.
  let [got, end] = [0, ''];
  await until(() => {
    const piece = slow.socket.read(Math.min(slow.socket.readableLength, 1 << 18));
    got += piece?.length ?? 0;
    end = (end + (piece ?? '')).slice(-100);
    return slow.closed || slow.socket.readableEnded;
  }, 'no end of the slow answer');
  t.diagnostic(`${got} bytes in ${Date.now() - began} ms`);
  assert.match(end, /\[DONE\]/);
  const dropped = async () => (await nekod.figure('nekod_turns_total{outcome="cancelled"}')) === count;
  await until(dropped, 'they are not dropped');
  assert.equal(await nekod.figure('nekod_open_streams'), 0);
  await sim.quiet();
  checkStream(await (await nekod.stream(unique('after'))).rest());
  clients.forEach((client) => client.end());
});

test('the simulator saw no wrong use', async () => {
  assert.deepEqual((await sim.quiet()).violations, []);
});
