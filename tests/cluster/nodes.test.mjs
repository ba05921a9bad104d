// Two nekods with one database: a conversation goes on on any of them, and a session is worked on by one at a time.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after } from 'node:test';
import { noDatabase, sharedDatabase } from '../e2e/database.mjs';
import { answerOf, expectError, gateway, leadingTo, leadingToOpenai, simulator, unique, until } from '../e2e/support.mjs';
import { atRest, cluster, holdingAnswers, roundRobin, told } from './nodes.mjs';

if (noDatabase) {
  test('several nodes', { skip: noDatabase }, () => {});
} else {
  for (const [kind, leading] of Object.entries({ anuneko: leadingTo, openai: leadingToOpenai })) await suite(kind, leading);
}

async function suite(kind, leading) {
  const sim = await simulator({ after });
  const database = sharedDatabase();
  const uri = database.uri(kind);
  const name = database.name(kind);
  const { nodes, start } = await cluster({ after }, uri, leading(sim));
  const [a, b] = nodes;
  const proxy = await roundRobin({ after }, nodes);

  /// Everything that the upstream was told in the newest request or chat with *text*.
  async function heard(text) {
    if (kind === 'openai') return JSON.stringify((await sim.completionOf(text)).body.messages);
    return JSON.stringify((await sim.chatWith(text)).messages.map((m) => m.text));
  }
  const reached = (text) => (kind === 'openai' ? until(() => sim.completionOf(text), text) : sim.reached(text));
  const asks = async (text) => {
    if (kind === 'openai') return (await sim.completions()).filter((c) => JSON.stringify(c.body.messages.at(-1)).includes(text)).length;
    return (await sim.chats()).flatMap((chat) => chat.messages).filter((m) => m.text.includes(text)).length;
  };
  const shown = async (node, id) => (await fetch(`${node.url}/sessions/${id}`)).status;

  test(`${kind}: a named session goes on on each node in turn`, async () => {
    const id = unique('session');
    const texts = Array.from({ length: 6 }, () => unique());
    const met = new Set();
    for (const text of texts) met.add((await proxy.ask(text, { session_id: id })).response.headers.get('x-node'));
    assert.equal(met.size, 2);
    const all = await heard(texts.at(-1));
    for (const text of texts) assert.ok(all.includes(text), `${text} is not in ${all}`);
    const list = await (await fetch(`${a.url}/sessions`)).json();
    assert.equal(list.sessions.filter((s) => (s.session_id ?? s.id) === id).length, 1);
  });

  test(`${kind}: a conversation that is told again goes on in its session on the other node`, async () => {
    const said = [unique()];
    let session;
    for (let i = 0; i < 6; ++i) {
      const response = await proxy.post({ model: 'mihoyo-orange_cat', messages: told(...said) });
      const answer = await answerOf(response);
      session ??= answer.session;
      assert.equal(answer.session, session, `turn ${i} is in another session`);
      said.push(answer.text, unique());
    }
  });

  test(`${kind}: a turn waits for a session that the other node works on, and is woken`, async () => {
    const id = unique('session');
    const first = `[sim tokens=8 first=600] ${unique()}`;
    const running = a.ask(first, { session_id: id });
    await reached(first);
    const begun = Date.now();
    const second = unique();
    await b.ask(second, { session_id: id });
    await running;
    assert.ok(Date.now() - begun < 5000);
    const all = await heard(second);
    assert.ok(all.includes(first) && all.includes(second), all);
  });

  test(`${kind}: a turn that waits for too long is refused`, async (t) => {
    const impatient = (await cluster(t, uri, leading(sim), { count: 1, args: ['--session-wait', '0.3'] })).nodes[0];
    const id = unique('session');
    const first = `[sim tokens=100000 delay=20] ${unique()}`;
    const stream = await a.stream(first, { session_id: id });
    await reached(first);
    await expectError(await impatient.post({ messages: told(unique()), session_id: id }), 429, 'session_busy');
    stream.leave();
  });

  test(`${kind}: deleting a session on the other node cancels its turn, and nothing brings it back`, async () => {
    const id = unique('session');
    await a.ask(unique(), { session_id: id });
    const text = `[sim tokens=100000 delay=20] ${unique()}`;
    const stream = await a.stream(text, { session_id: id });
    await reached(text);
    assert.equal((await fetch(`${b.url}/sessions/${id}`, { method: 'DELETE' })).status, 200);
    await stream.rest();
    assert.match(stream.raw, /session_deleted|"error"/);
    await sim.quiet();
    await atRest(database, name);
    for (const node of nodes) assert.equal(await shown(node, id), 404);
  });

  test(`${kind}: an equal key waits for the other node's turn and has its answer`, async () => {
    const headers = { 'Idempotency-Key': randomUUID() };
    const text = `[sim tokens=8 first=600] ${unique()}`;
    const first = a.post({ messages: told(text) }, { headers }).then(answerOf);
    await reached(text);
    const second = await answerOf(await b.post({ messages: told(text) }, { headers }));
    const answer = await first;
    assert.equal(second.text, answer.text);
    assert.ok(second.replayed);
    assert.equal(second.session, answer.session);
    const third = await answerOf(await b.post({ messages: told(text) }, { headers }));
    assert.equal(third.text, answer.text);
    assert.equal(await asks(text), 1);
  });

  test(`${kind}: a request without a key that is sent again to the other node has the answer`, async () => {
    const text = unique();
    const session_id = unique('session');
    const nth = (n) => ({ headers: { 'X-Stainless-Retry-Count': `${n}` } });
    const first = await answerOf(await a.post({ messages: told(text), session_id }, nth(0)));
    const second = await answerOf(await b.post({ messages: told(text), session_id }, nth(1)));
    assert.equal(second.text, first.text);
    assert.ok(second.replayed);
  });

  test(`${kind}: a keyed request that goes on with a conversation has one answer, whichever node gets it again`, async () => {
    const text = unique();
    const first = await answerOf(await a.post({ messages: told(text) }));
    const late = `[sim tokens=20 delay=20] ${unique()}`;
    const messages = [...told(text), { role: 'assistant', content: first.text }, { role: 'user', content: late }];
    const headers = { 'Idempotency-Key': unique('key') };
    const running = a.post({ messages }, { headers });
    await reached(late);
    const second = await answerOf(await b.post({ messages }, { headers }));
    const answer = await answerOf(await running);
    assert.deepEqual([second.text, second.session, second.replayed], [answer.text, first.session, true]);
    assert.equal(await asks(late), 1);
  });

  test(`${kind}: after kill -9 of a node its sessions go on, with all that was answered`, async () => {
    const doomed = await start();
    const id = unique('session');
    const said = [unique(), unique()];
    for (const text of said) await doomed.ask(text, { session_id: id });
    const cut = `[sim tokens=100000 delay=20] ${unique()}`;
    doomed.stream(cut, { session_id: id }).catch(() => {});
    await reached(cut);
    doomed.kill('SIGKILL');
    await doomed.ended();
    const last = unique();
    await a.ask(last, { session_id: id });
    const all = await heard(last);
    for (const text of said) assert.ok(all.includes(text), `${text} is lost: ${all}`);
    // The dead node might still speak to the old chat.
    if (kind === 'anuneko') assert.ok(!(await sim.chatWith(last)).messages.some((m) => m.text.includes(cut) && m.text !== last));
    await b.ask(unique(), { session_id: id });
  });

  test(`${kind}: a node that was stopped for longer than its lease overwrites nothing`, async () => {
    const frozen = await start();
    const id = unique('session');
    const first = unique();
    await frozen.ask(first, { session_id: id });
    const late = `[sim tokens=20 delay=40] ${unique()}`;
    const stream = await frozen.stream(late, { session_id: id });
    await stream.started();
    await frozen.freeze();
    const second = unique();
    await a.ask(second, { session_id: id });
    frozen.kill('SIGCONT');
    await stream.rest();
    assert.ok(!stream.raw.includes('[DONE]') || stream.raw.includes('"error"'), stream.raw.slice(-500));
    const third = unique();
    await b.ask(third, { session_id: id });
    const all = await heard(third);
    for (const text of [first, second]) assert.ok(all.includes(text), `${text} is lost: ${all}`);
    if (kind === 'openai') assert.ok(!all.includes(late), all);
    // It works on.
    await frozen.ask(unique(), { session_id: id });
  });

  // AnuNeko remembers what it is told, also of a node that nobody waits for any more.
  if (kind === 'anuneko')
    test('anuneko: a node that was stopped before it posted posts nothing when it goes on', async (t) => {
      const held = await holdingAnswers(t, sim);
      const frozen = await gateway(t, [...leadingTo(held), '--store', uri, '--node-lease', '2', '--retries', '0']);
      const id = unique('session');
      const late = unique('late');
      // It is stopped while it asks for a chat.
      const turn = frozen.post({ messages: told(late), session_id: id }).then(async (r) => [r.status, await r.text()]);
      await held.reached;
      await frozen.freeze();
      held.release();
      const second = unique();
      await a.ask(second, { session_id: id });
      frozen.kill('SIGCONT');
      const [status, body] = await turn;
      assert.equal(status, 503, body);
      assert.match(body, /store_unavailable/);
      await b.ask(unique(), { session_id: id });
      await sim.quiet();
      assert.equal(await sim.chatWith(late), undefined);
      // It works on, with what it takes anew.
      const third = unique();
      await frozen.ask(third, { session_id: id });
      const all = await heard(third);
      assert.ok(all.includes(second) && all.includes(third) && !all.includes(late), all);
    });

  test(`${kind}: what ran in the background on a node that is gone has failed`, async () => {
    const doomed = await start();
    const response = await doomed.post(
      { model: 'mihoyo-orange_cat', input: `[sim tokens=100000 delay=20] ${unique()}`, background: true },
      { path: '/v1/responses' },
    );
    const { id } = await response.json();
    doomed.kill('SIGKILL');
    await doomed.ended();
    const status = async () => (await (await fetch(`${b.url}/v1/responses/${id}`)).json()).status;
    await until(async () => (await status()) === 'failed', 'it still runs');
    await sim.quiet();
  });

  test(`${kind}: a response is followed on the other node`, async () => {
    const ask = async (node, body) => {
      const response = await node.post({ model: 'mihoyo-orange_cat', ...body }, { path: '/v1/responses' });
      const text = await response.text();
      assert.equal(response.status, 200, text);
      return JSON.parse(text);
    };
    const said = [unique(), unique(), unique()];
    let previous_response_id;
    for (const [i, input] of said.entries())
      ({ id: previous_response_id } = await ask(nodes[i % 2], { input, previous_response_id }));
    const all = await heard(said.at(-1));
    for (const text of said) assert.ok(all.includes(text), `${text} is not in ${all}`);
  });

  test(`${kind}: a node that ends in order gives back what it held at once`, async () => {
    const leaving = await start();
    const id = unique('session');
    await leaving.ask(unique(), { session_id: id });
    leaving.kill();
    assert.equal((await leaving.ended()).code, 0);
    const begun = Date.now();
    await b.ask(unique(), { session_id: id });
    assert.ok(Date.now() - begun < 1500);
    await atRest(database, name);
  });
}
