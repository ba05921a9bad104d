// Several nekods with one database: a rate limit counts on all of them together.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { Database, noDatabase, sharedDatabase } from '../e2e/database.mjs';
import { addKey, expectError, leadingTo, simulator, temporaryFolder, unique, until } from '../e2e/support.mjs';
import { openGate } from '../faults/gate.mjs';
import { cluster, roundRobin } from './nodes.mjs';

if (noDatabase) test('limits on several nodes', { skip: noDatabase }, () => {});
else suite();

function suite() {
  /// Nodes with the same keys: one for each of *limits*, the arguments of `nekod keys add`.
  async function start(t, limits, { database = sharedDatabase(), gate, args = [], count = 2 } = {}) {
    const sim = await simulator(t);
    const file = join(temporaryFolder(t), 'keys');
    const keys = limits.map((words, i) => addKey(file, `tenant-${i}`, ...words));
    const name = unique('limits');
    const uri = database.uri(name, gate?.port ?? database.port);
    const all = await cluster(t, uri, [...leadingTo(sim), '--api-keys', file], { count, args });
    return { ...all, keys, sql: (text) => database.sql(text, database.name(name)) };
  }

  const bearer = (key) => ({ headers: { Authorization: `Bearer ${key}` } });
  const read = (node, key) => fetch(`${node.url}/v1/models`, bearer(key));
  const chat = (node, key) => node.post({ messages: [{ role: 'user', content: unique() }] }, bearer(key));

  /// The statuses of that many requests, one after the other.
  async function statuses(count, ask) {
    const all = [];
    for (let i = 0; i < count; ++i) {
      const response = await ask(i);
      await response.text();
      all.push(response.status);
    }
    return all;
  }
  const passed = (all) => all.filter((status) => status === 200).length;
  const left = async (node, key, on) =>
    (await (await fetch(`${node.url}/me`, bearer(key))).json()).limits.filter((l) => l.on === on).map((l) => l.left);

  test('all nodes together let pass what the limit says, one after the other or at once', async (t) => {
    const { nodes, keys } = await start(t, [['--rate-limit', '10 per day'], ['--rate-limit', '10 per day']], { count: 3 });
    const proxy = await roundRobin(t, nodes);
    assert.deepEqual(await statuses(14, () => read(proxy, keys[0])), [...Array(10).fill(200), ...Array(4).fill(429)]);
    for (const node of nodes) {
      assert.deepEqual(await left(node, keys[0], 'requests'), [0]);
      const refused = await read(node, keys[0]);
      const wait = Number(refused.headers.get('retry-after'));
      assert.ok(wait > 3600 && wait <= 8640, `${wait}`);
      await expectError(refused, 429, 'rate_limit_exceeded');
    }
    // Each tenant has its own limit.
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => read(nodes[i % 3], keys[1])));
    assert.equal(passed(answers.map((a) => a.status)), 10);
  });

  test('limits of chats, and of several rates, count together, and what is refused does not count', async (t) => {
    const { nodes, keys } = await start(t, [['--rate-limit', '8 per day', '--chat-rate-limit', '3 per day; 2 per hour']]);
    const [a, b] = nodes;
    assert.deepEqual(await statuses(6, (i) => chat(nodes[i % 2], keys[0])), [200, 200, 429, 429, 429, 429]);
    for (const node of nodes) {
      assert.deepEqual(await left(node, keys[0], 'chat'), [1, 0]);
      assert.deepEqual(await left(node, keys[0], 'requests'), [6]);
    }
    assert.equal(await a.total('nekod_rate_limited_total', 'chat') + (await b.total('nekod_rate_limited_total', 'chat')), 4);
    assert.equal(passed(await statuses(8, (i) => read(nodes[i % 2], keys[0]))), 6);
  });

  test('several answers of one chat count on all nodes', async (t) => {
    const { nodes, keys, sql } = await start(t, [['--chat-rate-limit', '5 per day']]);
    const [a, b] = nodes;
    const several = (node, n) => node.post({ messages: [{ role: 'user', content: unique() }], n }, bearer(keys[0]));
    assert.equal((await several(a, 4)).status, 200);
    // The further ones are told to the others, beside the turn.
    await until(async () => (await left(b, keys[0], 'chat'))[0] === 1, 'b does not hear of them');
    assert.equal((await several(b, 2)).status, 429);
    // It gives back what it took.
    const taken = () => Number(sql('SELECT full_at - nekod.nanoseconds_1() FROM nekod.buckets')) / 86_400e9;
    await until(() => taken() < 0.81, 'it is not given back');
    assert.equal((await chat(b, keys[0])).status, 200);
  });

  test('a key without a limit costs no statement, nor does what a node knows to be too much', async (t) => {
    const { nodes, keys, sql } = await start(t, [[], ['--rate-limit', '2 per day']]);
    const [a, b] = nodes;
    const names = () => sql('SELECT name FROM nekod.buckets');
    await statuses(3, () => read(a, keys[0]));
    assert.equal(names(), '');
    assert.deepEqual(await statuses(3, (i) => read(nodes[i % 2], keys[1])), [200, 200, 429]);
    assert.match(names(), /^requests 2 per .*tenant-1$/);
    // The others let it pass again, but these two know better.
    assert.equal(passed(await statuses(1, () => read(b, keys[1]))), 0);
    sql('DELETE FROM nekod.buckets');
    assert.equal(passed([...(await statuses(2, () => read(a, keys[1]))), ...(await statuses(2, () => read(b, keys[1])))]), 0);
    assert.equal(names(), '');
  });

  test('without the database each node decides alone, counts that, and nothing hangs', async (t) => {
    const database = new Database();
    t.after(() => database.remove());
    const gate = await openGate(t, database.port);
    const { nodes, keys } = await start(t, [['--rate-limit', '6 per day'], ['--rate-limit', '4 per day']], { database, gate });
    const [a, b] = nodes;
    assert.deepEqual(await statuses(2, (i) => read(nodes[i % 2], keys[0])), [200, 200]);
    for (const node of nodes) await until(async () => (await left(node, keys[0], 'requests'))[0] === 4, 'it is not told');
    const alone = (node) => node.figure('nekod_limits_decided_alone_total');
    const [ofA, ofB] = [await alone(a), await alone(b)];
    // It hangs.
    gate.plan = { what: 'stall' };
    assert.equal((await read(a, keys[0])).status, 200);
    assert.equal((await alone(a)) - ofA, 1);
    // It is gone: each goes on by what it has counted itself, and what it was told.
    await database.stop();
    gate.heal();
    assert.equal(passed(await statuses(8, () => read(a, keys[0]))), 3);
    assert.equal((await alone(a)) - ofA, 4);
    assert.equal(passed(await statuses(8, () => read(b, keys[0]))), 4);
    assert.equal((await alone(b)) - ofB, 4);
    // Then they count together again.
    database.start();
    for (const node of nodes) await until(async () => (await node.figure('nekod_store_links')) > 0, 'it does not come back');
    assert.equal(passed(await statuses(8, (i) => read(nodes[i % 2], keys[1]))), 4);
  });

  test('with --store-limits local each node counts by itself', async (t) => {
    const args = ['--store-limits', 'local'];
    const { nodes, keys, sql } = await start(t, [['--rate-limit', '3 per day']], { args });
    for (const node of nodes) assert.equal(passed(await statuses(5, () => read(node, keys[0]))), 3);
    assert.equal(sql('SELECT count(*) FROM nekod.buckets'), '0');
  });
}
