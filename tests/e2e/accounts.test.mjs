// Several accounts at one upstream: which one runs a turn, and what happens to those that are refused or at their
// limit.

import assert from 'node:assert/strict';
import test from 'node:test';
import { expectError, gateway, simulator, unique, until } from './support.mjs';

const kinds = {
  anuneko: {
    leading: (sim, keys) => ['--upstream', 'anuneko', '--anuneko-url', `${sim.url}/api/v1`, '--anuneko-token', keys],
    newTurn: 'chat',
    turns: 'stream',
  },
  openai: {
    leading: (sim, keys) => ['--upstream', 'openai', '--openai-url', `${sim.url}/v1`, '--openai-key', keys],
    newTurn: 'completions',
    turns: 'completions',
  },
};

/// A simulator that accepts the tokens *taken*, and nekod with the accounts *keys*.
async function start(t, kind, { taken = 'one,two', keys = 'one,two', args = [] } = {}) {
  const sim = await simulator(t);
  await sim.settings({ token: taken });
  const more = ['--store', 'memory', '--port', '0', '--circuit-failures', '0', ...args];
  return { sim, nekod: await gateway(t, [...kinds[kind].leading(sim, keys), ...more]) };
}

const standing = async (nekod) => (await (await fetch(`${nekod.url}/health/ready`)).json()).upstreams[0].accounts;

const say = (nekod, text, fields = {}) => nekod.post({ messages: [{ role: 'user', content: text }], ...fields });

for (const [kind, { newTurn }] of Object.entries(kinds)) {
  test(`${kind}: nobody notices an account that is refused`, async (t) => {
    const { sim, nekod } = await start(t, kind, { taken: 'two' });
    for (let i = 0; i < 6; ++i) await nekod.ask(unique());
    const { working, refused } = await standing(nekod);
    assert.deepEqual([working, refused], [1, 1]);
    // The list of models may have found it, or the first turn.
    const { violations } = await sim.report();
    assert.ok(violations.length <= 2, JSON.stringify(violations));
  });

  test(`${kind}: an account at its limit rests, and others run its turns`, async (t) => {
    const { sim, nekod } = await start(t, kind);
    const limit = { call: newTurn, kind: 'status', status: 429, retry_after: 60, times: 100 };
    await sim.fault({ ...limit, token: 'one' });
    for (let i = 0; i < 6; ++i) await nekod.ask(unique());
    assert.equal((await standing(nekod)).limited, 1);
    assert.equal((await sim.report()).calls[newTurn], 7, 'it was asked once');
  });

  test(`${kind}: where all are at their limit, clients are told when to come back`, async (t) => {
    const { sim, nekod } = await start(t, kind);
    await sim.fault({ call: newTurn, kind: 'status', status: 429, retry_after: 60, times: 100 });
    for (let i = 0; i < 3; ++i) {
      const response = await say(nekod, unique());
      const wait = Number(response.headers.get('retry-after'));
      assert.ok(wait >= 30 && wait <= 60, `${wait}`);
      await expectError(response, 429, undefined, 'rate_limit_error');
    }
    assert.equal((await sim.report()).calls[newTurn], 4, 'each was asked at first, then one each time');
  });

  test(`${kind}: a limit on our address is none of the account`, async (t) => {
    const { sim, nekod } = await start(t, kind);
    const page = { kind: 'status', status: 429, retry_after: 60, body: '<html>Too many</html>', times: 2 };
    await sim.fault({ call: newTurn, ...page });
    for (let i = 1; i <= 2; ++i) {
      await expectError(await say(nekod, unique()), 429, 'rate_limit_exceeded');
      assert.equal((await standing(nekod)).limited, 0);
      assert.equal((await sim.report()).calls[newTurn], i, 'the other account was not asked');
    }
    const { upstreams } = await (await fetch(`${nekod.url}/health/ready`)).json();
    assert.deepEqual(upstreams[0].reasons, ['address_limited']);
    await nekod.ask(unique()); // A rest refuses nothing where there is no alternative.
  });

  test(`${kind}: where all are refused, the client hears of it, and one is asked each time`, async (t) => {
    const { sim, nekod } = await start(t, kind, { taken: 'three' });
    for (let i = 0; i < 4; ++i) {
      const response = await say(nekod, unique(), { model: 'Orange Cat' });
      await expectError(response, 502, 'upstream_auth_failed');
    }
    await sim.settings({ token: 'one,two' });
    await nekod.ask(unique());
  });
}

test('anuneko: a chat stays with its account, until that is at its limit', async (t) => {
  const { sim, nekod } = await start(t, 'anuneko');
  const ids = ['a', 'b', 'c', 'd'].map(unique);
  for (let turn = 0; turn < 3; ++turn)
    await Promise.all(ids.map((id) => nekod.ask(`${id} ${turn}`, { session_id: id })));
  assert.equal((await sim.report()).calls.chat, 4);
  // Neither could answer for all: each has chats of its own.
  await sim.fault({ call: 'stream', kind: 'status', status: 429, retry_after: 60, times: 100, token: 'one' });
  await Promise.all(ids.map((id) => nekod.ask(`${id} again`, { session_id: id })));
  const moved = (await sim.chats()).filter((chat) => chat.messages[0].text.includes('again'));
  assert.ok(moved.length > 0 && moved.length < 4, `${moved.length} chats moved`);
  for (const chat of moved) assert.match(chat.messages[0].text, / 0[^]* 1[^]* 2[^]*again/, 'told what came before');
  assert.equal((await sim.report()).violation_count, 0);
});

test('anuneko: a conversation whose account is refused gets a chat of another, and is told once', async (t) => {
  const { sim, nekod } = await start(t, 'anuneko');
  const ids = ['a', 'b'].map(unique);
  for (const id of ids) await nekod.ask(`first ${id}`, { session_id: id });
  await sim.fault({ call: 'stream', kind: 'status', status: 401, times: 100, token: 'one' });
  for (const id of ids) await nekod.ask(`second ${id}`, { session_id: id });
  const chats = await sim.chats();
  assert.equal(chats.length, 3);
  for (const id of ids) {
    const told = chats.flatMap((chat) => chat.messages).filter((m) => m.text.includes(`second ${id}`));
    assert.equal(told.filter((m) => m.state === 'done').length, 1);
  }
  const moved = chats[2].messages[0].text;
  assert.match(moved, /first (a|b)-/, 'the new chat is told what came before');
});

test('weights decide who has how much to do', async (t) => {
  const sim = await simulator(t);
  await sim.settings({ token: 'one,two' });
  const home = {
    'nekod.toml': `
      [upstreams.cats]
      kind = "anuneko"
      url = "${sim.url}/api/v1"
      [upstreams.cats.accounts.small]
      token = "one"
      [upstreams.cats.accounts.big]
      token = "two"
      weight = 3`,
  };
  const nekod = await gateway(t, ['--config', 'nekod.toml', '--store', 'memory', '--port', '0'], { home });
  const ids = Array.from({ length: 8 }, () => unique('session'));
  for (const [index, id] of ids.entries()) {
    await nekod.ask(unique(), { session_id: id });
    // A turn occupies its account until it is settled.
    await until(async () => (await nekod.figure('nekod_sessions{state="idle"}')) === index + 1, 'no end of a turn');
  }
  // Who made which chats shows when one of the two cannot answer: those move.
  await sim.fault({ call: 'stream', kind: 'status', status: 429, retry_after: 60, times: 100, token: 'two' });
  for (const id of ids) await nekod.ask(unique(), { session_id: id });
  assert.equal((await sim.chats()).length - ids.length, 6);
});
