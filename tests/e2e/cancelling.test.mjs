// A turn may end early at any time, because its client leaves or its session is deleted: the upstream transfer
// ends, the session can be used at once, and other sessions do not notice. For both kinds of upstream.

import assert from 'node:assert/strict';
import net from 'node:net';
import test, { after } from 'node:test';
import { checkBrokenStream, checkStream, gateway, leadingTo, leadingToOpenai, pair, unique, until } from './support.mjs';

const kinds = { anuneko: leadingTo, openai: leadingToOpenai };

/// How many upstream calls nekod has cancelled.
const cancelled = (nekod) => nekod.total('nekod_upstream_calls_total', 'outcome="cancelled"');

const user = (text) => [{ role: 'user', content: text }];
const remove = (nekod, id) => fetch(`${nekod.url}/sessions/${id}`, { method: 'DELETE' });

/// A running turn; `leave()` closes its connection, `answer` is its response or the word `left`.
function turn(nekod, id, text, fields) {
  const leaving = new AbortController();
  const answer = nekod
    .post({ session_id: id, messages: user(text), ...fields }, { signal: leaving.signal })
    .then(async (response) => ({ status: response.status, headers: response.headers, raw: await response.text() }))
    .catch(() => 'left');
  return { answer, leave: () => leaving.abort() };
}

for (const [kind, leading] of Object.entries(kinds)) {
  const { sim, nekod } = await pair({ after }, { leading, nekod: ['--request-timeout', '600'] });
  const told = kind === 'anuneko' ? 'stream' : 'completions';
  const calls = async (name) => (await sim.report()).calls[name] ?? (await sim.completions()).length;
  const silent = (call) => ({ call, before: () => sim.fault({ call, kind: 'silent' }) });
  const phases = {
    'before the head of the answer': silent(told),
    'before the first text': { call: told, words: '[sim first=600000]' },
    'in the middle of the answer': { call: told, words: '[sim tokens=200000 delay=20]' },
    ...(kind === 'anuneko' && {
      'while its chat is made': { ...silent('chat'), fresh: true },
      'while its model is switched': { ...silent('select_model'), model: 'mihoyo-exotic_shorthair' },
    }),
  };

  /// Brings a turn in a session to *phase*, ends it by *give*, and checks what is left.
  async function giveUp(phase, fields, give) {
    const [id, text, near] = [unique('session'), unique('given-up'), unique('near')];
    if (!phase.fresh) await nekod.ask(unique('first'), { session_id: id });
    const neighbour = await nekod.stream(`[sim tokens=60 delay=10] ${near}`);
    const [before, made] = [await cancelled(nekod), await calls(phase.call)];
    await phase.before?.();
    const given = turn(nekod, id, `${phase.words ?? ''} ${text}`, { ...fields, ...(phase.model && { model: phase.model }) });
    await until(async () => (await calls(phase.call)) > made, 'the call does not come');
    await give(given, id);
    await until(async () => (await cancelled(nekod)) > before, 'the transfer goes on');
    const next = unique('next');
    assert.ok((await nekod.ask(next, { session_id: id })).text.includes(next));
    assert.ok(checkStream(await neighbour.rest()).text.includes(near));
    const report = await sim.quiet();
    assert.deepEqual(report.violations, []);
    await until(async () => (await sim.report()).active_replies === 0, 'a reply goes on');
  }

  for (const [name, phase] of Object.entries(phases)) {
    for (const stream of [true, false]) {
      const form = stream ? 'streamed' : 'whole';
      test(`${kind}, ${form}: leaving ${name}`, () =>
        giveUp(phase, { stream }, async (given) => {
          given.leave();
          assert.equal(await given.answer, 'left');
        }));

      test(`${kind}, ${form}: a deletion ${name}`, () =>
        giveUp(phase, { stream }, async (given, id) => {
          const response = await remove(nekod, id);
          assert.equal(response.status, 200, await response.text());
          const { status, raw } = await given.answer;
          if (status === 200) assert.equal(checkBrokenStream(raw).code, 'session_deleted');
          else assert.equal(JSON.parse(raw).error.code, 'session_deleted', raw);
        }));
    }
  }

  for (const way of ['leaving', 'a deletion']) {
    test(`${kind}: ${way} while turns wait in the queue`, async () => {
      const [id, near] = [unique('session'), unique('near')];
      const neighbour = await nekod.stream(`[sim tokens=60 delay=10] ${near}`);
      const made = await calls(told);
      const running = turn(nekod, id, `[sim tokens=200000 delay=20] ${unique('running')}`, { stream: true });
      await until(async () => (await calls(told)) > made, 'the first does not run');
      const texts = [unique('waits'), unique('waits'), unique('waits')];
      const waiting = texts.map((text, i) => turn(nekod, id, text, { stream: i % 2 === 0 }));
      await until(async () => (await nekod.figure('nekod_open_requests')) >= 5, 'they do not wait');
      const before = await cancelled(nekod);
      if (way === 'leaving') {
        for (const each of waiting) each.leave();
        // Were the first one seen to leave before them, the next would begin.
        await until(async () => (await nekod.figure('nekod_open_requests')) <= 3, 'they do not leave');
        running.leave();
      } else {
        assert.equal((await remove(nekod, id)).status, 200);
        for (const each of waiting) assert.equal((await each.answer).status, 404);
      }
      await running.answer;
      await until(async () => (await cancelled(nekod)) > before, 'the transfer goes on');
      const next = unique('next');
      assert.ok((await nekod.ask(next, { session_id: id })).text.includes(next));
      assert.ok(checkStream(await neighbour.rest()).text.includes(near));
      await sim.quiet();
      const books = JSON.stringify(kind === 'anuneko' ? await sim.chats() : await sim.completions());
      for (const text of texts) assert.ok(!books.includes(text), 'one that waited was told');
    });
  }

  test(`${kind}: leaving while the upstream does not take connections`, async (t) => {
    // Two connections fill a backlog of one; further ones get no answer.
    const full = net.createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 });
    await new Promise((open) => full.once('listening', open));
    const { port } = full.address();
    const blocked = { url: `http://127.0.0.1:${port}` };
    full._handle.onconnection = () => {};
    const fillers = [];
    t.after(() => {
      fillers.forEach((socket) => socket.destroy());
      full.close();
    });
    const far = await gateway(t, [...leading(blocked), '--connect-timeout', '600']);
    const given = turn(far, unique('session'), unique(), { stream: true });
    await until(async () => (await far.figure('nekod_open_requests')) === 2, 'no request');
    given.leave();
    assert.equal(await given.answer, 'left');
    await until(async () => (await far.figure('nekod_open_requests')) === 1, 'it goes on');
    assert.equal((await fetch(`${far.url}/health`)).status, 200);
  });
}

test('anuneko: leaving the queue behind a turn that is being settled', async (t) => {
  const { sim, nekod } = await pair(t, { nekod: ['--request-timeout', '1'] });
  const [id, near] = [unique('session'), unique('near')];
  await sim.fault({ call: 'select_choice', kind: 'silent' });
  await nekod.ask(unique('settled'), { session_id: id });
  await until(async () => (await sim.report()).calls.select_choice > 0, 'it is not settled');
  const text = unique('waits');
  const given = turn(nekod, id, text, { stream: true });
  const near_ = nekod.ask(near);
  given.leave();
  assert.equal(await given.answer, 'left');
  assert.ok((await near_).text.includes(near));
  const next = unique('next');
  assert.ok((await nekod.ask(next, { session_id: id })).text.includes(next));
  assert.equal(await sim.chatWith(text), undefined);
});
