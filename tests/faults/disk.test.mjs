// A stalling disk: what has to be written to it or read from it waits, and nothing else does.

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { answerOf, checkStream, expectError, gateway, programs, sanitized, simulator, temporaryFolder, unique, until } from '../e2e/support.mjs';
import { checkQuiet, goesOn, upstreams } from './books.mjs';

for (const [kind, upstream] of Object.entries(upstreams))
  test(`${kind}: while the disk is held, texts go on, and no answer ends that is not kept`, { skip: sanitized }, async (t) => {
    const sim = await simulator(t);
    const folder = temporaryFolder(t);
    const held = join(folder, 'held');
    const nekod = await gateway(t, [...upstream.leading(sim), '--store', `sqlite:${join(folder, 'nekod.db')}`, '--threads', '1'], {
      env: { LD_PRELOAD: join(programs, 'tests', 'libnekod_held_disk.so'), NEKOD_TEST_HELD: held },
    });
    const id = unique('session');
    const said = await goesOn(nekod, id);
    const other = unique('other');
    await goesOn(nekod, other);
    writeFileSync(held, '');
    t.after(() => rmSync(held, { force: true }));

    // Sessions in memory, and a new one; some turns come while others are already waiting for the disk.
    const waiting = [];
    for (const fields of [{ session_id: id }, { session_id: other }, {}]) {
      const text = unique('waiting');
      const stream = await nekod.stream(text, fields);
      await stream.started();
      waiting.push({ text, stream });
      assert.ok((await nekod.figure('nekod_open_streams')) > 0);
      for (const path of ['/health/live', '/v1/models']) assert.equal((await fetch(nekod.url + path)).status, 200, path);
    }
    // The upstream has finished them, and no client has been told so.
    await until(async () => (await sim.report()).active_replies === 0, 'the upstream is not done');
    for (const { stream } of waiting) assert.doesNotMatch(stream.raw, /\[DONE\]|"finish_reason":"/);

    rmSync(held);
    for (const { stream, text } of waiting) assert.ok(checkStream(await stream.rest()).text.includes(text));
    await upstream.check(sim, [...said, waiting[0].text, ...(await goesOn(nekod, id))], 'nothing');
    await checkQuiet(sim);
  });

test('a store that is silent fails the turns whose session it has to find, and no new session takes them', { skip: sanitized }, async (t) => {
  const upstream = upstreams.anuneko;
  const sim = await simulator(t);
  const folder = temporaryFolder(t);
  const held = join(folder, 'held');
  const nekod = await gateway(t, [...upstream.leading(sim), '--store', `sqlite:${join(folder, 'nekod.db')}`, '--session-idle', '1'], {
    env: { LD_PRELOAD: join(programs, 'tests', 'libnekod_held_disk.so'), NEKOD_TEST_HELD: held },
  });
  const text = unique('first');
  const first = await answerOf(await nekod.post({ messages: [{ role: 'user', content: text }] }));
  await until(async () => (await nekod.total('nekod_sessions')) === 0, 'the session stays in memory');
  writeFileSync(held, '');
  t.after(() => rmSync(held, { force: true }));
  const blocking = await nekod.stream(unique('blocking'));
  await until(async () => (await nekod.figure('nekod_sessions{state="committing"}')) === 1, 'nothing waits for the disk');

  const next = unique('next');
  const told = [{ role: 'user', content: text }, { role: 'assistant', content: first.text }, { role: 'user', content: next }];
  const answers = await Promise.all([
    nekod.post({ messages: told }),
    nekod.post({ messages: told, session_id: first.session }),
    nekod.post({ messages: [{ role: 'user', content: next }] }, { headers: { 'Idempotency-Key': unique('key') } }),
  ]);
  for (const answer of answers) await expectError(answer, 503, 'store_unavailable');

  rmSync(held);
  await blocking.rest();
  const chats = await sim.chats();
  assert.equal(chats.flatMap((chat) => chat.messages).filter((m) => m.text.includes(next)).length, 0);
  // It was not forked: it goes on where it was.
  const on = await answerOf(await nekod.post({ messages: told }));
  assert.equal(on.session, first.session);
});
