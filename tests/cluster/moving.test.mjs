// Sessions move from a file of SQLite to a database and back, and every conversation goes on as it would have.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { noDatabase, sharedDatabase } from '../e2e/database.mjs';
import { responseOf } from '../e2e/responding.mjs';
import { addKey, answerOf, gateway, leadingTo, leadingToOpenai, programs, simulator, temporaryFolder, unique } from '../e2e/support.mjs';
import { told } from './nodes.mjs';

/// Runs `nekod sessions`.
function sessions(command, store, args = [], input = '') {
  const words = ['sessions', command, '--store', store, ...args];
  const options = { encoding: 'utf8', input, maxBuffer: 1 << 26 };
  const { status, stdout, stderr } = spawnSync(join(programs, 'nekod'), words, options);
  return { status, stdout, stderr };
}

/// What must succeed.
function moved(...args) {
  const result = sessions(...args);
  assert.equal(result.status, 0, result.stderr);
  return result;
}

if (noDatabase) {
  test('sessions move', { skip: noDatabase }, () => {});
} else {
  const kinds = { anuneko: leadingTo, openai: leadingToOpenai };
  for (const [kind, leading] of Object.entries(kinds)) await suite(kind, leading);
  await refusals();
}

async function suite(kind, leading) {
  const sim = await simulator({ after });
  const database = sharedDatabase();
  const folder = temporaryFolder({ after });
  const keys = join(folder, 'keys');
  const alice = { authorization: `Bearer ${addKey(keys, 'alice')}` };
  const bob = { authorization: `Bearer ${addKey(keys, 'bob')}` };

  const start = (t, store) => gateway(t, [...leading(sim), '--store', store, '--api-keys', keys, '--retries', '0']);

  /// Everything that the upstream was told in the newest request, or in the chat, with *text*.
  async function heard(text) {
    if (kind === 'openai') return JSON.stringify((await sim.completionOf(text)).body.messages);
    const chats = (await sim.chats()).filter((chat) => chat.messages.some((m) => m.text.includes(text)));
    assert.equal(chats.length, 1);
    return JSON.stringify(chats[0].messages.map((m) => m.text));
  }

  /// Goes on in each of the conversations, which begin with the first call.
  async function goOn(nekod, talk) {
    const once = async (name, ask) => {
      const text = unique(name);
      const session = await ask(text);
      const told = (talk[name] ??= { session, texts: [] });
      assert.equal(session, told.session, `${name} is in another session`);
      told.texts.push(text);
      const all = await heard(text);
      for (const earlier of told.texts) assert.ok(all.includes(earlier), `${name}: ${earlier} is not in ${all}`);
    };
    for (const [name, headers] of [['alice', alice], ['bob', bob]])
      await once(`named ${name}`, async (text) => (await nekod.ask(text, { session_id: 'same-name' }, { headers })).json.session_id);
    await once('told', async (text) => {
      const said = (talk.said ??= []);
      said.push(text);
      const answer = await answerOf(await nekod.post({ model: 'mihoyo-orange_cat', messages: told(...said) }, { headers: alice }));
      said.push(answer.text);
      return answer.session;
    });
    await once('chain', async (input) => {
      const { json } = await responseOf(nekod, { input, previous_response_id: talk.newest }, alice);
      talk.newest = json.id;
      return json.session_id;
    });
    await once('conversation', async (input) => {
      if (!talk.id) {
        const made = await fetch(`${nekod.url}/v1/conversations`, { method: 'POST', headers: { ...alice, 'content-type': 'application/json' }, body: '{"metadata":{"topic":"cats"}}' });
        talk.id = (await made.json()).id;
      }
      const { json } = await responseOf(nekod, { input, conversation: talk.id }, alice);
      return json.session_id;
    });
    // A request that is sent again has its answer, wherever its session went.
    talk.key ??= { 'Idempotency-Key': randomUUID(), ...alice };
    const again = await answerOf(await nekod.post({ messages: told('a request with a key') }, { headers: talk.key }));
    talk.answer ??= again.text;
    assert.equal(again.text, talk.answer);
  }

  async function seen(nekod, talk) {
    const get = async (path) => (await fetch(nekod.url + path, { headers: alice })).json();
    return [await get(`/v1/responses/${talk.newest}`), await get(`/v1/responses/${talk.newest}/input_items?limit=100`),
      await get(`/v1/conversations/${talk.id}`), await get(`/v1/conversations/${talk.id}/items?limit=100`)];
  }

  async function talked(t, store, talk) {
    const nekod = await start(t, store);
    await goOn(nekod, talk);
    const result = await seen(nekod, talk);
    await nekod.stop();
    return result;
  }

  test(`${kind}: every conversation goes on after its store moved, to a database and back`, async (t) => {
    const talk = {};
    const first = `sqlite:${join(folder, 'first.db')}`;
    const second = database.uri(`moved-${kind}`);
    const third = `sqlite:${join(folder, 'third.db')}`;
    const before = await talked(t, first, talk);
    const file = join(folder, 'sessions.jsonl');
    assert.match(moved('export', first, ['--file', file]).stderr, /^exported 6 sessions with \d+ messages, 2 responses$/m);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(moved('import', second, ['--file', file]).stdout, /^imported \d sessions with [1-9]\d* messages, 2 responses$/m);

    const nekod = await start(t, second);
    assert.deepEqual(await seen(nekod, talk), before);
    await goOn(nekod, talk);
    const middle = await seen(nekod, talk);
    await nekod.stop();
    // By pipes, as one would from machine to machine.
    moved('import', third, [], moved('export', second).stdout);
    const last = await start(t, third);
    assert.deepEqual(await seen(last, talk), middle);
    await goOn(last, talk);
  });

  test(`${kind}: what moves around comes back as it was, byte for byte`, async (t) => {
    const first = `sqlite:${join(folder, 'round.db')}`;
    await talked(t, first, {});
    const text = moved('export', first).stdout;
    const there = database.uri(`round-${kind}`);
    moved('import', there, [], text);
    assert.equal(moved('export', there).stdout, text);
    const back = `sqlite:${join(folder, 'back.db')}`;
    moved('import', back, [], text);
    assert.equal(moved('export', back).stdout, text);
    // Once more, and nothing is added.
    assert.match(moved('import', there, [], text).stdout, /^imported 0 sessions with 0 messages, 0 responses\nthere already, and left as they are: [1-9]/);
    assert.equal(moved('export', there).stdout, text);
  });

  test(`${kind}: sessions are added to a database that nekods use, which go on with them`, async (t) => {
    const talk = {};
    const first = `sqlite:${join(folder, 'used.db')}`;
    await talked(t, first, talk);
    const text = moved('export', first).stdout;
    const there = database.uri(`used-${kind}`);
    const [head] = text.split('\n');
    moved('import', there, [], `${head}\n{"end":{"sessions":0,"responses":0}}\n`);
    const nekod = await start(t, there);
    await nekod.ask(unique(), { session_id: 'its-own' }, { headers: bob });
    moved('import', there, [], text);
    await goOn(nekod, talk);
    // And they are read while it runs.
    assert.ok(moved('export', there).stdout.includes('its-own'));
  });
}

async function refusals() {
  const sim = await simulator({ after });
  const folder = temporaryFolder({ after });
  const database = sharedDatabase();
  const file = `sqlite:${join(folder, 'one.db')}`;
  const nekod = await gateway({ after }, [...leadingToOpenai(sim), '--store', file]);
  await nekod.ask(unique(), { session_id: 'one' });
  await nekod.stop();
  const text = moved('export', file).stdout;

  /// Whether it is refused with *code*, for that reason.
  const refused = (result, code, reason) => {
    assert.match(result.stderr, reason);
    assert.equal(result.status, code);
  };

  test('a file that is there is not overwritten, and one that fails is not left', () => {
    const there = join(folder, 'there');
    writeFileSync(there, 'mine');
    refused(sessions('export', file, ['--file', there]), 2, /there cannot be made: File exists/);
    assert.equal(readFileSync(there, 'utf8'), 'mine');
    refused(sessions('export', `${file}-none`, ['--file', `${there}-2`]), 2, /does not exist/);
    assert.throws(() => statSync(`${there}-2`));
    refused(sessions('export', file, ['--file', '/dev/full']), 2, /cannot be made/);
  });

  test('a file that a nekod uses is not moved', async (t) => {
    const used = `sqlite:${join(folder, 'used.db')}`;
    await gateway(t, [...leadingToOpenai(sim), '--store', used]);
    refused(sessions('export', used), 1, /in use by another process/);
  });

  test('a database whose sessions have another key is left as it is', async (t) => {
    const uri = database.uri('other');
    const other = await gateway(t, [...leadingToOpenai(sim), '--store', uri]);
    refused(sessions('import', uri, [], text), 2, /line 1 has a digest key .*stop them first/);
    await other.ask(unique(), { session_id: 'two' });
    refused(sessions('import', uri, [], text), 2, /line 1 has a digest key .*import into an empty one/);
    await other.ask(unique(), { session_id: 'two' });
    const { sessions: list } = await (await fetch(`${other.url}/sessions`)).json();
    assert.equal(list.length, 1);
  });

  test('a wrong line is named, and what came before it stays', () => {
    const uri = database.uri('wrong');
    const lines = text.trimEnd().split('\n');
    const wrong = lines[1].replace('"turns":1', '"turns":"one"').replace('"id":"one"', '"id":"two"');
    refused(sessions('import', uri, [], [...lines.slice(0, 2), wrong].join('\n')), 2, /^nekod sessions: line 3 session\.turns must be a number$/m);
    assert.match(moved('export', uri).stderr, /exported 1 sessions/);
    refused(sessions('import', uri, [], lines.slice(0, 2).join('\n')), 2, /line 3 is missing: the file is incomplete/);
  });

  test('memory, and a database that does not answer, are refused', () => {
    refused(sessions('export', 'memory'), 2, /--store must be sqlite:FILE/);
    refused(sessions('export', 'postgresql://nekod@127.0.0.1:1/x'), 1, /refused/);
  });

  test('an output that is full is told', () => {
    const words = ['-c', '"$0" sessions export --store "$1" >/dev/full', join(programs, 'nekod'), file];
    const { status, stderr } = spawnSync('sh', words, { encoding: 'utf8' });
    refused({ status, stderr }, 1, /the output cannot be written/);
  });
}
