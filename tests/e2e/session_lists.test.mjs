// The list of sessions page by page, one session, and deleting many: with sessions in memory, in a file, and in
// transition.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { addKey, checkBrokenStream, checkStream, expectError, gateway, leadingTo, simulator, temporaryFolder, unique, until } from './support.mjs';

const sim = await simulator({ after });

/// Sessions are in a file; they leave memory after a second.
const start = (t, ...args) =>
  gateway(t, [...leadingTo(sim), '--store', `sqlite:${join(temporaryFolder(t), 'sessions.db')}`, '--session-idle', '1', ...args]);

const call = (nekod, path, method = 'GET') => fetch(nekod.url + path, { method });
const json = async (nekod, path, method) => (await call(nekod, path, method)).json();
const clear = (nekod, query) => json(nekod, `/sessions?${query}`, 'DELETE');
const ids = async (nekod) => (await json(nekod, '/sessions')).sessions.map((session) => session.id);

/// Creates sessions with these ids and an answered turn each, several at a time.
async function make(nekod, wanted, fields = {}) {
  const rest = [...wanted];
  const work = async () => {
    for (let id = rest.shift(); id; id = rest.shift()) await nekod.ask(unique(), { session_id: id, ...fields });
  };
  await Promise.all(Array.from({ length: 16 }, work));
}

/// All pages from the first one on; *between* is called after each.
async function pages(nekod, limit, between = async () => {}) {
  const all = [];
  let page = await json(nekod, `/sessions?limit=${limit}`);
  for (;;) {
    assert.ok(page.sessions.length <= limit);
    all.push(page);
    assert.equal('next' in page, page.has_more);
    if (!page.has_more) return all;
    await between(page);
    page = await json(nekod, `/sessions?limit=${limit}&after=${page.next}`);
  }
}

for (const store of ['file', 'memory'])
  test(`${store}: pages show each session once, while others come, go and are used`, async (t) => {
    const nekod = store === 'file' ? await start(t) : await gateway(t, leadingTo(sim));
    const stays = Array.from({ length: 200 }, () => unique('stays'));
    const goes = Array.from({ length: 100 }, () => unique('goes'));
    await make(nekod, stays.flatMap((id, i) => (i % 2 ? [id] : [id, goes[i / 2]])));
    const left = [...goes];
    const busy = [...stays];
    const between = async ({ sessions }) => {
      // Also deletes the last one of the page, if possible: the next page still begins after it.
      const gone = [sessions.at(-1).id, left[0]].filter((id) => left.includes(id));
      await Promise.all([
        ...gone.map((id) => call(nekod, `/sessions/${id}`, 'DELETE')),
        make(nekod, busy.splice(0, 5)),
        make(nekod, [unique('new')]),
      ]);
      for (const id of gone) left.splice(left.indexOf(id), 1);
    };
    const all = (await pages(nekod, 7, between)).flatMap((page) => page.sessions);
    const seen = all.map((session) => session.id);
    assert.equal(new Set(seen).size, seen.length, 'none twice');
    for (const id of stays) assert.ok(seen.includes(id), `${id} is missing`);
    const order = all.map(({ created_at, id }) => `${created_at} ${id}`);
    assert.deepEqual(order, [...order].sort());
    const now = await pages(nekod, 50);
    const count = now.reduce((sum, page) => sum + page.sessions.length, 0);
    for (const page of now) assert.equal(page.total, count);
    assert.ok(stays.length + left.length <= count);
  });

test('without a limit all of a few are there', async (t) => {
  const nekod = await start(t);
  assert.deepEqual(await json(nekod, '/sessions'), { sessions: [], total: 0, has_more: false });
  await make(nekod, Array.from({ length: 120 }, () => unique()));
  const list = await json(nekod, '/sessions');
  assert.deepEqual([list.sessions.length, list.total, list.has_more], [120, 120, false]);
});

test('a session tells when it was used, how often it answered, and how it stands', async (t) => {
  const nekod = await start(t);
  const id = unique('shown');
  const show = () => json(nekod, `/sessions/${id}`);
  const stream = await nekod.stream(`[sim tokens=100000 delay=10] ${unique()}`, { session_id: id });
  await stream.started();
  const first = await show();
  assert.deepEqual([first.id, first.model, first.turns, first.state], [id, 'mihoyo-orange_cat', 0, 'answering']);
  assert.deepEqual((await json(nekod, '/sessions')).sessions, [first]);
  stream.leave();
  await until(async () => /^(idle|stored)$/.test((await show()).state), 'it goes on');
  assert.equal((await show()).turns, 0, 'a turn that was given up is none');
  await nekod.ask(unique(), { session_id: id });
  await nekod.ask(unique(), { session_id: id });
  await until(async () => (await show()).state === 'stored', 'it stays in memory');
  const last = await show();
  assert.equal(last.turns, 2);
  assert.equal(last.created_at, first.created_at);
  assert.ok(last.last_used_at > first.last_used_at, last.last_used_at);
  assert.deepEqual((await json(nekod, '/sessions')).sessions, [last]);
  assert.deepEqual(await json(nekod, `/v1//sessions/${encodeURIComponent(id)}/`), last);
});

test('a session that is not there is shown as deleting it does', async (t) => {
  const nekod = await start(t);
  for (const id of [unique('nobody'), '%zz', 'a%20b']) {
    const [shown, deleted] = [await call(nekod, `/sessions/${id}`), await call(nekod, `/sessions/${id}`, 'DELETE')];
    assert.deepEqual([shown.status, deleted.status], [404, 404]);
    assert.deepEqual(await shown.json(), await deleted.json());
  }
});

test('what is wrong with a query is named', async (t) => {
  const nekod = await start(t);
  const id = unique('kept');
  await make(nekod, [id]);
  for (const query of ['limit=0', 'limit=1001', 'limit=x', 'limit=', `after=${id}`, 'after=', 'after=x~y']) {
    const error = await expectError(await call(nekod, `/sessions?${query}`), 400, 'invalid_value');
    assert.equal(error.param, query.split('=')[0]);
  }
  for (const query of ['all=false', 'all=', 'idle_for=x', 'idle_for=-1', 'model=', 'all=true&ilde_for=1']) {
    const error = await expectError(await call(nekod, `/sessions?${query}`, 'DELETE'), 400, 'invalid_value');
    assert.equal(error.param, query.split('&').at(-1).split('=')[0]);
  }
  for (const query of ['', '?', '?&'])
    await expectError(await call(nekod, `/sessions${query}`, 'DELETE'), 400, 'missing_required_parameter');
  assert.deepEqual(await ids(nekod), [id]);
});

test('sessions are deleted by model', async (t) => {
  const nekod = await start(t);
  const [cat, shorthair] = [unique('cat'), unique('shorthair')];
  await make(nekod, [cat]);
  await make(nekod, [shorthair], { model: 'mihoyo-exotic_shorthair' });
  assert.deepEqual(await clear(nekod, 'model=nobody'), { status: 'success', message: '会话已删除', deleted: 0 });
  assert.equal((await clear(nekod, 'model=mihoyo-exotic_shorthair')).deleted, 1);
  assert.deepEqual(await ids(nekod), [cat]);
});

test('idle sessions are deleted, and none that answers', async (t) => {
  const nekod = await start(t);
  const [idle, busy] = [unique('idle'), unique('busy')];
  await make(nekod, [idle, busy]);
  const stream = await nekod.stream(`[sim tokens=300 delay=10] ${unique()}`, { session_id: busy });
  await stream.started();
  assert.equal((await clear(nekod, 'idle_for=3600')).deleted, 0);
  assert.equal((await clear(nekod, 'idle_for=0')).deleted, 1);
  assert.deepEqual(await ids(nekod), [busy]);
  checkStream(await stream.rest());
  assert.equal((await json(nekod, `/sessions/${busy}`)).turns, 2);
});

test('all are deleted: what is stored, what is idle and what answers', async (t) => {
  const nekod = await start(t);
  const stored = Array.from({ length: 250 }, () => unique('stored'));
  await make(nekod, stored);
  await until(async () => (await json(nekod, '/sessions')).sessions.every((s) => s.state === 'stored'), 'all stay in memory');
  const [idle, busy] = [unique('idle'), unique('busy')];
  await make(nekod, [idle]);
  const text = unique();
  const stream = await nekod.stream(`[sim tokens=200000 delay=20] ${text}`, { session_id: busy });
  await stream.started();
  assert.equal((await clear(nekod, 'all=true')).deleted, 252);
  assert.equal(checkBrokenStream(await stream.rest()).code, 'session_deleted');
  assert.deepEqual(await json(nekod, '/sessions'), { sessions: [], total: 0, has_more: false });
  await sim.quiet();
  assert.equal((await sim.chatWith(text)).messages[0].state, 'aborted');
  await make(nekod, [busy]);
  assert.equal((await json(nekod, `/sessions/${busy}`)).turns, 1, 'a name can be used again');
});

test('a session is unused as soon as its client has the answer', async (t) => {
  const nekod = await start(t);
  await sim.fault({ call: 'select_choice', kind: 'silent' });
  const id = unique('answered');
  await make(nekod, [id]);
  assert.equal((await json(nekod, `/sessions/${id}`)).state, 'settling');
  assert.equal((await clear(nekod, 'idle_for=0')).deleted, 1);
});

test('turns of others go on while many are deleted', async (t) => {
  const nekod = await start(t);
  await make(nekod, Array.from({ length: 300 }, () => unique('old')));
  const cleared = clear(nekod, 'idle_for=0');
  const fresh = Array.from({ length: 32 }, () => unique('new'));
  await make(nekod, fresh);
  assert.ok((await cleared).deleted >= 300);
  const still = await ids(nekod);
  assert.ok(!still.some((id) => id.startsWith('old')));
  // A session that was created before the deletion request arrived may be deleted with the others.
  await make(nekod, fresh);
  assert.deepEqual((await ids(nekod)).sort(), [...fresh].sort());
});

test('the simulator saw no wrong use', async () => {
  const kinds = new Set((await sim.quiet()).violations.map((violation) => violation.kind));
  assert.deepEqual([...kinds], []);
});

/// The ids of all pages of a search, and how many sessions were looked through.
async function search(nekod, words, headers = {}) {
  const found = [];
  let searched = 0;
  for (let after = ''; after !== undefined; ) {
    const query = new URLSearchParams({ search: words, ...(after && { after }) });
    const page = await (await fetch(`${nekod.url}/sessions?${query}`, { headers })).json();
    found.push(...page.sessions.map(({ id }) => id));
    searched += page.searched;
    after = page.next;
  }
  return { found, searched };
}

for (const store of ['file', 'memory'])
  test(`${store}: a search finds all sessions in which something was said, with few or many others`, async (t) => {
    const nekod = store === 'file' ? await start(t) : await gateway(t, leadingTo(sim));
    const word = unique('nadel');
    const found = [unique('found'), unique('found'), unique('found')];
    await nekod.ask(`Äpfel und ${word}`, { session_id: found[0] });
    assert.deepEqual(await search(nekod, word), { found: [found[0]], searched: 1 });
    await make(nekod, Array.from({ length: 210 }, () => unique('other')));
    await nekod.ask('first', { session_id: found[1] });
    await nekod.ask(`then äpfel und ${word}`, { session_id: found[1] });
    await nekod.ask('first', { session_id: found[2] });
    const { conversation } = await json(nekod, `/sessions/${found[2]}`);
    const noted = await fetch(`${nekod.url}/v1/conversations/${conversation}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ metadata: { title: `ÄPFEL UND ${word}` } }),
    });
    assert.equal(noted.status, 200);
    assert.deepEqual(await search(nekod, `äPFEL UND ${word}`), { found, searched: 213 });
    assert.deepEqual(await search(nekod, `${word} und`), { found: [], searched: 213 });
    // One that is full goes on behind its last session.
    const first = await json(nekod, `/sessions?search=${word}&limit=1`);
    assert.deepEqual([first.sessions.length, first.has_more, first.searched, first.total], [1, true, 1, 213]);
    await call(nekod, `/sessions/${found[0]}`, 'DELETE');
    assert.deepEqual((await search(nekod, word)).found, found.slice(1));
  });

test('a search is for the words of its own tenant, also for an admin', async (t) => {
  const file = join(temporaryFolder(t), 'keys');
  const [boss, ada] = [addKey(file, 'boss', '--admin'), addKey(file, 'ada')];
  const nekod = await gateway(t, [...leadingTo(sim), '--api-keys', file]);
  const word = unique('secret');
  const as = (key) => ({ Authorization: `Bearer ${key}` });
  await nekod.ask(word, { session_id: 'of-ada' }, { headers: as(ada) });
  await nekod.ask('nothing', { session_id: 'of-boss' }, { headers: as(boss) });
  assert.deepEqual(await search(nekod, word, as(ada)), { found: ['of-ada'], searched: 1 });
  assert.deepEqual(await search(nekod, word, as(boss)), { found: [], searched: 1 });
});

test('a search needs words', async (t) => {
  const nekod = await gateway(t, leadingTo(sim));
  for (const query of ['search=', 'search=%20', 'search=%ff', `search=${'a'.repeat(257)}`]) {
    const error = await expectError(await call(nekod, `/sessions?${query}`), 400, 'invalid_value');
    assert.equal(error.param, 'search');
  }
});
