// Several nekods with the same accounts and one database: where an account is refused, or at its limit, on one of them,
// it rests on all.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Database, noDatabase, sharedDatabase } from '../e2e/database.mjs';
import { expectError, simulator, unique, until } from '../e2e/support.mjs';
import { cluster, holdingAnswers } from './nodes.mjs';

const keys = ['the-first-secret', 'the-second-secret'];

const kinds = {
  anuneko: {
    leading: (sim, all) => ['--upstream', 'anuneko', '--anuneko-url', `${sim.url}/api/v1`, '--anuneko-token', all],
    newTurn: 'chat',
  },
  openai: {
    leading: (sim, all) => ['--upstream', 'openai', '--openai-url', `${sim.url}/v1`, '--openai-key', all],
    newTurn: 'completions',
  },
};

const standing = async (node) => (await (await fetch(`${node.url}/health/ready`)).json()).upstreams[0].accounts;

/// Waits until that many accounts of the node are in that state.
const reports = (node, state, count) =>
  until(async () => (await standing(node))[state] === count, `not ${count} ${state}`);

if (noDatabase) test('rests on several nodes', { skip: noDatabase }, () => {});
else for (const [kind, how] of Object.entries(kinds)) suite(kind, how);

function suite(kind, { leading, newTurn }) {
  /// Nodes on a simulator that accepts all of *used*.
  async function start(t, { used = keys, database = sharedDatabase(), through = (sim) => sim } = {}) {
    const sim = await simulator(t);
    await sim.settings({ token: used.join(',') });
    const key = unique('rests');
    const uri = database.uri(key);
    const args = ['--port', '0', '--circuit-failures', '0'];
    const all = await cluster(t, uri, [...leading(await through(sim), used.join(',')), ...args], { count: 3 });
    return { ...all, sim, stored: () => database.sql('SELECT * FROM nekod.rests', database.name(key)) };
  }

  const refusing = (sim, status, fields) => sim.fault({ call: newTurn, kind: 'status', status, times: 1000, ...fields });
  const asked = async (sim) => (await sim.report()).calls[newTurn] ?? 0;

  test(`${kind}: an account at its limit on one node is not asked by the others`, async (t) => {
    const { nodes, start: more, sim, stored } = await start(t);
    const [a, b, c] = nodes;
    await refusing(sim, 429, { retry_after: 60, token: keys[0] });
    await until(async () => {
      await a.ask(unique());
      return (await standing(a)).limited === 1;
    }, 'the limit is not met');
    for (const node of [b, c]) await reports(node, 'limited', 1);
    const before = await asked(sim);
    for (const node of [b, c]) for (let i = 0; i < 3; ++i) await node.ask(unique());
    assert.equal((await asked(sim)) - before, 6, 'the account was asked again');
    const [account] = (await (await fetch(`${b.url}/operations`)).json()).upstreams[0].account_list.filter((x) => x.state === 'limited');
    assert.equal(account.code, 'rate_limit_exceeded');
    assert.ok(account.rests_until > Date.now(), JSON.stringify(account));
    // One that starts later knows of it, too.
    await reports(await more(), 'limited', 1);
    for (const key of keys) assert.ok(!stored().includes(key));
  });

  test(`${kind}: an account that is refused on one node works on all once it works on one`, async (t) => {
    const { nodes, sim } = await start(t, { used: [keys[0]] });
    const [a, b, c] = nodes;
    await refusing(sim, 401);
    await expectError(await a.post({ messages: [{ role: 'user', content: unique() }] }), 502, 'upstream_auth_failed');
    for (const node of nodes) await reports(node, 'refused', 1);
    await sim.clearFaults();
    await c.ask(unique());
    const before = await asked(sim);
    for (const node of [a, b]) await reports(node, 'refused', 0);
    for (const node of [a, b]) assert.equal((await standing(node)).working, 1);
    assert.equal(await asked(sim), before, 'it was asked to find that');
  });

  test(`${kind}: without the database a node knows its own rests, and tells them when it is back`, async (t) => {
    const database = new Database();
    t.after(() => database.remove());
    let held;
    const through = async (sim) => (held = await holdingAnswers(t, sim));
    const { nodes, sim } = await start(t, { used: [keys[0]], database, through });
    const [a, b] = nodes;
    await refusing(sim, 429, { retry_after: 60 });
    const answer = a.post({ messages: [{ role: 'user', content: unique() }] });
    await held.reached;
    await database.stop();
    held.release();
    await expectError(await answer, 429, undefined, 'rate_limit_error');
    await reports(a, 'limited', 1);
    assert.equal((await standing(b)).limited, 0);
    database.start();
    await reports(b, 'limited', 1);
  });
}
