// The database fails under a nekod: it restarts, crashes, hangs, or its links are cut. What was answered stays, turns
// are refused clearly, nothing is there twice, and all goes on by itself.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after } from 'node:test';
import { Database, noDatabase } from '../e2e/database.mjs';
import { answerOf, expectError, gateway, leadingToOpenai, runToEnd, simulator, unique, until } from '../e2e/support.mjs';
import { openGate } from '../faults/gate.mjs';
import { told } from './nodes.mjs';

if (noDatabase) test('a database that fails', { skip: noDatabase }, () => {});
else await suite();

async function suite() {
  const sim = await simulator({ after });
  const database = new Database({ durable: true });
  const gate = await openGate({ after }, database.port);
  const uri = database.uri('engine', gate.port).replace('127.0.0.1', 'localhost');
  const name = database.name('engine');
  const args = [...leadingToOpenai(sim), '--store', uri, '--node-lease', '4', '--retries', '0'];
  const nekod = await gateway({ after }, args);

  /// What the upstream was told with the newest message.
  const heard = async (text) => JSON.stringify((await sim.completionOf(text)).body.messages);

  /// Asks until it is answered.
  const answered = (node, text, fields, options) =>
    until(async () => {
      const response = await node.post({ messages: told(text), ...fields }, options);
      const body = await response.text();
      if (response.status !== 200) assert.match(body, /store_unavailable|session_busy/);
      return response.status === 200 && JSON.parse(body);
    }, `${text} is not answered`);

  /// Whether the session has just these texts, each once and in this order, in the database.
  function stored(id, texts) {
    const all = database.sql(
      `SELECT m.message FROM nekod.messages m JOIN nekod.sessions s ON s.number = m.session WHERE s.id = '${id}' AND m.message LIKE '{"role":"user"%' ORDER BY position`,
      name,
    );
    const places = texts.map((text) => all.indexOf(text));
    assert.deepEqual(places, places.toSorted((x, y) => x - y), all);
    for (const text of texts) assert.equal(all.split(text).length, 2, `${text} is not there once:\n${all}`);
  }

  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'])
    test(`a session goes on after the database ended with ${signal}`, async () => {
      const id = unique('session');
      const said = [unique(), unique()];
      for (const text of said) await nekod.ask(text, { session_id: id });
      await database.stop(signal);
      const begun = Date.now();
      await expectError(await nekod.post({ messages: told(unique()), session_id: id }), 503, 'store_unavailable', 'server_error');
      assert.ok(Date.now() - begun < 5000);
      // Once that is known, at once; and a balancer keeps the node, as all are alike.
      const again = Date.now();
      await expectError(await nekod.post({ messages: told(unique()), session_id: id }), 503, 'store_unavailable', 'server_error');
      assert.ok(Date.now() - again < 1000);
      const ready = await fetch(`${nekod.url}/health/ready`);
      assert.equal(ready.status, 200);
      assert.equal((await ready.json()).store, 'unavailable');
      assert.equal(await nekod.figure('nekod_store_links'), 0);
      database.start();
      said.push(unique());
      await answered(nekod, said[2], { session_id: id });
      const all = await heard(said[2]);
      for (const text of said) assert.ok(all.includes(text), `${text} is lost: ${all}`);
      stored(id, said);
    });

  test('a turn that was answered while the database restarted is stored once, or failed', async () => {
    const id = unique('session');
    const said = [unique()];
    await nekod.ask(said[0], { session_id: id });
    const headers = { 'Idempotency-Key': randomUUID() };
    const text = `[sim tokens=4 first=700] ${unique()}`;
    const running = nekod.post({ messages: told(text), session_id: id }, { headers }).then(async (r) => [r.status, await r.text()]);
    await until(() => sim.completionOf(text), 'it does not begin');
    await database.stop('SIGQUIT');
    await until(async () => (await nekod.figure('nekod_store_links')) === 0, 'nekod does not notice');
    database.start();
    const [status, body] = await running;
    if (status !== 200) assert.match(body, /store_unavailable/);
    // The client's retry finds the answer, or has it given anew.
    await answered(nekod, text, { session_id: id }, { headers });
    const last = unique();
    await answered(nekod, last, { session_id: id });
    stored(id, [...said, text.split(' ').at(-1), last]);
  });

  test('a conversation goes on in its session, although the link broke when that was taken', async () => {
    const say = async (messages) => {
      const response = await nekod.post({ messages });
      const { choices } = await response.json();
      return [response.headers.get('x-session-id'), [...messages, choices[0].message]];
    };
    let [id, all] = await say(told(unique()));
    for (let i = 0; i < 3; ++i) {
      gate.plan = { what: 'reset', towards: 'client', seen: 'nekod.take_1' };
      const next = say([...all, ...told(unique())]);
      await until(() => gate.struck > 0, 'no link is cut');
      gate.heal();
      const [again, more] = await next;
      assert.equal(again, id);
      all = more;
    }
  });

  test('cut links lose nothing, whatever was under way', async () => {
    const sessions = Array.from({ length: 8 }, () => ({ id: unique('session'), said: [] }));
    let done = false;
    const cutting = (async () => {
      for (let i = 0; i < 5; ++i) {
        await new Promise((wake) => setTimeout(wake, 150));
        gate.plan = { what: 'reset' };
        await new Promise((wake) => setTimeout(wake, 50));
        gate.heal();
      }
      done = true;
    })();
    await Promise.all(
      sessions.map(async (s) => {
        while (!done) {
          const text = unique();
          const headers = { 'Idempotency-Key': randomUUID() };
          await answered(nekod, text, { session_id: s.id }, { headers });
          s.said.push(text);
        }
      }),
    );
    await cutting;
    for (const s of sessions) stored(s.id, s.said);
  });

  test('a commit whose answer is cut off is done once, and the turn is answered', async () => {
    const id = unique('session');
    const said = [unique(), unique()];
    await answered(nekod, said[0], { session_id: id });
    // The database has got it, and carries it out.
    gate.plan = { what: 'reset', towards: 'client', seen: 'nekod.commit_1' };
    const answer = nekod.ask(said[1], { session_id: id });
    await until(() => gate.struck > 0, 'no link is cut');
    gate.heal();
    await answer;
    stored(id, said);
    assert.equal(database.sql(`SELECT version FROM nekod.sessions WHERE id = '${id}'`, name), '2');
  });

  /// Does something while the database carries out a deletion, whose answer is cut off.
  async function deletedOnce(deletion, deleting) {
    const before = gate.struck;
    gate.plan = { what: 'reset', towards: 'client', seen: deletion };
    const answer = deleting();
    await until(() => gate.struck > before, 'no link is cut');
    gate.heal();
    return (await answer).json();
  }

  test('a deletion whose answer is cut off has deleted what it found', async () => {
    const remove = (path) => () => fetch(nekod.url + path, { method: 'DELETE' });
    const id = unique('session');
    await answered(nekod, unique(), { session_id: id });
    assert.equal((await deletedOnce('nekod.remove_1', remove(`/sessions/${id}`))).status, 'success');
    const others = Array.from({ length: 20 }, () => unique('session'));
    for (const other of others) await answered(nekod, unique(), { session_id: other });
    const count = Number(database.sql('SELECT count(*) FROM nekod.sessions', name));
    assert.ok(count >= 20);
    assert.equal((await deletedOnce('(WHERE nekod.remove_1', remove('/sessions?all=true'))).deleted, count);
    assert.equal(database.sql('SELECT count(*) FROM nekod.sessions', name), '0');
    const response = await (await nekod.post({ input: unique() }, { path: '/v1/responses' })).json();
    assert.equal((await deletedOnce('nekod.remove_response_1', remove(`/v1/responses/${response.id}`))).deleted, true);
  });

  test('a database that hangs is given up in time, and found again', async () => {
    const id = unique('session');
    const said = [unique()];
    await answered(nekod, said[0], { session_id: id });
    gate.plan = { what: 'stall' };
    const begun = Date.now();
    await expectError(await nekod.post({ messages: told(unique()), session_id: id }), 503, 'store_unavailable', 'server_error');
    assert.ok(Date.now() - begun < 12_000);
    gate.heal();
    said.push(unique());
    await answered(nekod, said[1], { session_id: id });
    stored(id, said);
  });

  test('nothing is left behind: no link idle in a transaction, none too many', async () => {
    const states = database.sql("SELECT state, count(*) FROM pg_stat_activity WHERE application_name = 'nekod' GROUP BY 1", name);
    assert.match(states, /^idle\|\d+$/m);
    assert.doesNotMatch(states, /transaction/);
    assert.ok(Number(states.match(/idle\|(\d+)/)[1]) <= 8, states);
  });

  test('a nekod that starts without the database waits for it, and says so', async (t) => {
    await database.stop();
    const early = await gateway(t, args);
    assert.match(early.log, /--store: .*trying again/);
    assert.equal((await fetch(`${early.url}/health/live`)).status, 200);
    const ready = await fetch(`${early.url}/health/ready`);
    assert.equal(ready.status, 503);
    assert.deepEqual((await ready.json()).reasons, ['store_unavailable']);
    const refused = await early.post({ messages: told(unique()) });
    assert.equal(refused.status, 503);
    assert.ok(refused.headers.get('retry-after'));
    assert.equal((await refused.json()).error.code, 'store_unavailable');
    // One that is told to end does so.
    const brief = await gateway(t, args);
    brief.kill();
    assert.equal((await brief.ended()).code, 0);
    database.start();
    await until(async () => (await fetch(`${early.url}/health/ready`)).status === 200, 'it does not become ready');
    const id = unique('session');
    const said = [unique(), unique()];
    await answered(early, said[0], { session_id: id });
    await answered(nekod, said[1], { session_id: id });
    stored(id, said);
  });

  test('a password in the address is refused, and never shown', async (t) => {
    const secret = unique('secret');
    const { code, log } = await runToEnd(t, [...args.slice(0, -6), '--store', `postgresql://nekod:${secret}@127.0.0.1/x`]);
    assert.equal(code, 2);
    assert.doesNotMatch(log, new RegExp(secret));
    assert.match(log, /PGPASSFILE/);
  });
}
