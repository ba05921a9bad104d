// Retries after nekod was killed, or after the conversation has left memory: a stored answer is given again, and
// the upstream gets the message once.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { answerOf, gateway, leadingTo, leadingToOpenai, simulator, temporaryFolder, unique, until } from './support.mjs';

const sim = await simulator({ after });

const user = (content) => ({ role: 'user', content });
const assistant = (content) => ({ role: 'assistant', content });
const keyed = (key) => ({ 'Idempotency-Key': key });
const nth = (count) => ({ 'X-Stainless-Retry-Count': `${count}` });

const send = async (nekod, body, headers) => answerOf(await nekod.post(body, { headers }));

/// How many times an upstream of that kind was sent *text* as the newest message.
const posts = {
  anuneko: async (text) => (await sim.chats()).flatMap((chat) => chat.messages).filter((m) => m.text.includes(text)).length,
  openai: async (text) => (await sim.completions()).filter((c) => c.body.messages.at(-1).content === text).length,
};
const leading = { anuneko: leadingTo, openai: leadingToOpenai };

for (const kind of ['anuneko', 'openai'])
  for (const stream of [true, false]) {
    const name = `${kind}, ${stream ? 'streamed' : 'whole'}`;
    const house = (t, ...args) => {
      const file = join(temporaryFolder(t), 'sessions.db');
      return (...more) => gateway(t, [...leading[kind](sim), '--store', `sqlite:${file}`, ...args, ...more]);
    };
    const killed = async (nekod) => {
      nekod.kill('SIGKILL');
      await nekod.ended();
    };

    test(`with a key, by history or by name: ${name}`, async (t) => {
      const start = house(t);
      for (const fields of [{}, { session_id: unique('named') }]) {
        const text = unique();
        const body = { messages: [user(text)], stream, ...fields };
        const key = keyed(unique('key'));
        let nekod = await start();
        const first = await send(nekod, body, key);
        await killed(nekod);
        nekod = await start();
        const again = await send(nekod, body, key);
        assert.deepEqual(again, { ...first, replayed: true });
        assert.equal(await posts[kind](text), 1);
        const next = unique('next');
        const on = await send(nekod, { messages: [user(text), assistant(first.text), user(next)], stream, ...fields }, {});
        assert.equal(on.session, first.session);
        assert.equal(on.match, fields.session_id ? 'explicit' : 'transcript');
        await killed(nekod);
      }
    });

    test(`without one, where the history is told: ${name}`, async (t) => {
      const start = house(t);
      const [one, two] = [unique('one'), unique('two')];
      let nekod = await start();
      const first = await send(nekod, { messages: [user(one)], stream }, nth(0));
      const body = { messages: [user(one), assistant(first.text), user(two)], stream };
      const second = await send(nekod, body, nth(0));
      assert.equal(second.session, first.session);
      await killed(nekod);
      nekod = await start();
      assert.deepEqual(await send(nekod, body, nth(1)), { ...second, replayed: true });
      assert.equal(await posts[kind](two), 1);
    });

    test(`without one, where the session is named: ${name}`, async (t) => {
      const start = house(t);
      const [one, two] = [unique('one'), unique('two')];
      const body = (text) => ({ messages: [user(text)], stream, session_id: 'named' });
      let nekod = await start();
      await send(nekod, body(one), nth(0));
      const second = await send(nekod, body(two), nth(0));
      await killed(nekod);
      nekod = await start();
      assert.deepEqual(await send(nekod, body(two), nth(1)), { ...second, replayed: true });
      assert.equal(await posts[kind](two), 1);
    });

    test(`what was said anew in the same words is not answered by what was said before: ${name}`, async (t) => {
      const start = house(t);
      const [one, text] = [unique('one'), unique('go on')];
      let nekod = await start();
      const first = await send(nekod, { messages: [user(one)], stream }, nth(0));
      const told = [user(one), assistant(first.text), user(text)];
      for (const body of [
        { messages: [user(text)], stream, session_id: unique('named') },
        { messages: told, stream },
      ]) {
        await send(nekod, body, nth(0));
        const [before, written] = [await posts[kind](text), await nekod.figure('nekod_store_records_total')];
        await sim.fault({ call: { anuneko: 'stream', openai: 'completions' }[kind], kind: 'silent' });
        const cut = assert.rejects(send(nekod, body, nth(0)));
        await until(async () => (await posts[kind](text)) > before, 'it is not sent');
        // Waits for the record that the earlier answer no longer belongs to it.
        await until(async () => (await nekod.figure('nekod_store_records_total')) > written, 'nothing is written');
        await killed(nekod);
        await cut;
        nekod = await start();
        assert.ok(!(await send(nekod, body, nth(1))).replayed);
      }
    });

    test(`when the session has left memory: ${name}`, async (t) => {
      const start = house(t, '--session-idle', '1');
      const nekod = await start();
      const text = unique();
      const body = { messages: [user(text)], stream };
      const key = keyed(unique('key'));
      const first = await send(nekod, body, key);
      const inMemory = () => nekod.total('nekod_sessions');
      await until(async () => (await inMemory()) === 0, 'it stays in memory');
      assert.deepEqual(await send(nekod, body, key), { ...first, replayed: true });
      assert.equal(await posts[kind](text), 1);
    });
  }

test('a store in memory has the answers of sessions that left it, too', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--session-idle', '1']);
  const text = unique();
  const body = { messages: [user(text)] };
  const key = keyed(unique('key'));
  const first = await send(nekod, body, key);
  await until(async () => (await nekod.total('nekod_sessions')) === 0, 'it stays in memory');
  assert.deepEqual(await send(nekod, body, key), { ...first, replayed: true });
  assert.equal(await posts.anuneko(text), 1);
});

test('without --session-matching a key is found as well', async (t) => {
  const file = join(temporaryFolder(t), 'sessions.db');
  const start = () => gateway(t, [...leadingTo(sim), '--store', `sqlite:${file}`, '--session-matching', 'off']);
  const text = unique();
  const key = keyed(unique('key'));
  let nekod = await start();
  const first = await send(nekod, { messages: [user(text)] }, key);
  nekod.kill('SIGKILL');
  await nekod.ended();
  nekod = await start();
  assert.deepEqual(await send(nekod, { messages: [user(text)] }, key), { ...first, replayed: true });
});

test('the simulator saw no wrong use', async () => {
  assert.deepEqual((await sim.quiet()).violations, []);
});
