// Clients talk in sessions through a proxy, while nodes are killed or stopped for longer than their lease, the database
// restarts, links to it are cut, also after a commit was sent, and sessions are deleted, all at random. Afterwards everything that was answered is there once, in its order, and what was deleted is gone.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after } from 'node:test';
import { Database, noDatabase } from '../e2e/database.mjs';
import { amount, Chance, seed } from '../e2e/chance.mjs';
import { gateway, leadingTo, leadingToOpenai, patience, simulator, unique, until } from '../e2e/support.mjs';
import { openGate } from '../faults/gate.mjs';
import { atRest, roundRobin, told } from './nodes.mjs';

/// For how long clients talk, in milliseconds.
const duration = amount('NEKOD_CLUSTER_TIME', 12_000);

for (const [kind, leading] of Object.entries({ anuneko: leadingTo, openai: leadingToOpenai }))
  test(`${kind}: whatever is killed, nothing that was answered is lost or doubled`, { skip: noDatabase }, async (t) => {
    t.diagnostic(`NEKOD_SEED=${seed}`);
    const chance = new Chance();
    const random = () => chance.next();
    const sim = await simulator({ after });
    const database = new Database({ durable: true });
    const gate = await openGate(t, database.port);
    const uri = database.uri(kind, gate.port);
    const name = database.name(kind);
    const start = () =>
      gateway(t, [...leading(sim), '--store', uri, '--node-lease', '2', '--retries', '0', '--session-wait', '20']);
    const nodes = [await start(), await start(), await start()];
    const proxy = await roundRobin(t, nodes);
    const end = Date.now() + duration;
    const counts = { answered: 0, refused: 0, unknown: 0, kills: 0, stops: 0, cuts: 0, restarts: 0, deleted: 0 };

    /// One client in one session: says one thing after the other, each until it is answered.
    async function talk(id, said) {
      while (Date.now() < end) {
        const text = `${random() < 0.3 ? '[sim tokens=6 delay=20] ' : ''}${unique()}`;
        const headers = { 'Idempotency-Key': randomUUID() };
        // The same request each time, to the byte.
        const body = JSON.stringify({ messages: told(text), session_id: id, stream: random() < 0.5 });
        await until(
          async () => {
            try {
              const response = await proxy.post(body, { headers });
              const got = await response.text();
              const whole = response.status === 200 && (got.includes('[DONE]') || got.startsWith('{')) && !got.includes('"error"');
              if (!whole) ++counts.refused;
              return whole;
            } catch {
              ++counts.unknown;
              return false;
            }
          },
          `${text} is not answered`,
          2 * patience,
        );
        ++counts.answered;
        said.push(text.split(' ').at(-1));
      }
    }

    /// Stops a node for up to three times its lease.
    async function freeze(node) {
      node.kill('SIGSTOP');
      await new Promise((wake) => setTimeout(wake, 2000 + 4000 * random()));
      node.kill('SIGCONT');
    }

    async function disturb() {
      const frozen = [];
      while (Date.now() < end - 2000) {
        await new Promise((wake) => setTimeout(wake, 300 + 900 * random()));
        const what = random();
        if (what < 0.15) {
          ++counts.stops;
          frozen.push(freeze(nodes[Math.floor(random() * nodes.length)]));
        } else if (what < 0.35) {
          ++counts.cuts;
          gate.plan = { what: 'reset', towards: 'client', ...(random() < 0.5 && { seen: 'nekod.commit_1' }) };
          await new Promise((wake) => setTimeout(wake, 100));
          gate.heal();
        } else if (what < 0.7) {
          const i = Math.floor(random() * nodes.length);
          ++counts.kills;
          nodes[i].kill('SIGKILL');
          await nodes[i].ended();
          nodes[i] = await start();
        } else if (what < 0.85) {
          ++counts.restarts;
          await database.stop(random() < 0.5 ? 'SIGQUIT' : 'SIGKILL');
          database.start();
        } else {
          const id = unique('doomed');
          const ask = await proxy.post({ messages: told(unique()), session_id: id }).catch(() => undefined);
          if (ask?.status !== 200) continue;
          await ask.text().catch(() => {});
          const gone = await fetch(`${proxy.url}/sessions/${id}`, { method: 'DELETE' }).catch(() => undefined);
          if (gone?.status === 200) doomed.push(id);
        }
      }
      await Promise.all(frozen);
    }

    const doomed = [];
    const sessions = Array.from({ length: 6 }, () => ({ id: unique('session'), said: [] }));
    await Promise.all([disturb(), ...sessions.map((s) => talk(s.id, s.said))]);
    counts.deleted = doomed.length;
    t.diagnostic(JSON.stringify(counts));

    // When it is quiet, each node goes on at once.
    for (const [i, s] of sessions.entries()) {
      const text = unique();
      const begun = Date.now();
      await until(async () => (await nodes[i % nodes.length].post({ messages: told(text), session_id: s.id })).status === 200, text);
      assert.ok(Date.now() - begun < 10_000);
      s.said.push(text);
    }
    await atRest(database, name);
    for (const { id, said: everything } of sessions) {
      const all = database.sql(
        'SELECT m.message FROM nekod.messages m JOIN nekod.sessions s ON s.number = m.session ' +
          `WHERE s.id = '${id}' AND m.message LIKE '{"role":"user"%' ORDER BY position`,
        name,
      );
      // For AnuNeko the oldest messages are dropped when there are many.
      const oldest = kind === 'anuneko' ? everything.findIndex((text) => all.includes(text)) : 0;
      const said = everything.slice(Math.max(0, oldest));
      const places = said.map((text) => all.indexOf(text));
      assert.ok(!places.includes(-1), `${said[places.indexOf(-1)]} of ${said.length} is lost in ${id}:\n${all}`);
      assert.deepEqual(places, places.toSorted((x, y) => x - y), `another order in ${id}`);
      for (const text of said) assert.equal(all.split(text).length, 2, `${text} is there twice in ${id}`);
    }
    for (const id of doomed) assert.equal((await fetch(`${nodes[0].url}/sessions/${id}`)).status, 404);
    database.remove();
  });
