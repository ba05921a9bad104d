// What survives the process: sessions in a file, after every kind of exit, and what happens if the file cannot be
// used.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import test, { after } from 'node:test';
import {
  Gateway,
  checkBrokenStream,
  expectError,
  gateway,
  leadingTo,
  runToEnd,
  sanitized,
  simulator,
  temporaryFolder,
  unique,
  until,
} from './support.mjs';

const sim = await simulator({ after });

const texts = (chat) => chat.messages.map((message) => message.text);
const freshFile = (t) => join(temporaryFolder(t), 'sessions.db');
const keptIn = (file) => [...leadingTo(sim), '--store', `sqlite:${file}`];
const start = (t, file, args = [], options = {}) => gateway(t, [...keptIn(file), ...args], options);
const sessions = async (nekod) => (await (await fetch(`${nekod.url}/sessions`)).json()).sessions;

/// The contents of all files beside *file*, in one string.
const onDisk = (folder) =>
  readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'latin1'))
    .join('\n');

test('a session goes on in its upstream chat after a restart', async (t) => {
  const file = freshFile(t);
  const [one, two, three] = [unique('one'), unique('two'), unique('three')];
  let nekod = await start(t, file);
  const { json } = await nekod.ask(one);
  nekod.kill();
  assert.deepEqual(await nekod.ended(), { code: 0, signal: null });
  assert.ok(!existsSync(`${file}-wal`), 'an end in good order leaves one file');

  nekod = await start(t, file);
  assert.deepEqual(
    (await sessions(nekod)).map((session) => [session.id, session.has_anuneko_chat, session.turns, session.state]),
    [[json.session_id, true, 1, 'stored']],
  );
  assert.equal(await nekod.figure('nekod_stored_sessions'), 1);
  await nekod.ask(two, { session_id: json.session_id });
  nekod.kill();
  await nekod.ended();

  nekod = await start(t, file);
  await nekod.ask(three, { session_id: json.session_id });
  assert.deepEqual(texts(await sim.chatWith(one)), [one, two, three]);
});

test('a session whose answer ended goes on after kill -9', async (t) => {
  const file = freshFile(t);
  const id = unique('killed');
  const all = [];
  for (let i = 0; i < 5; ++i) {
    const nekod = await start(t, file);
    all.push(unique());
    const stream = await nekod.stream(all.at(-1), { session_id: id });
    await stream.seen(/data: \[DONE\]/);
    nekod.kill('SIGKILL');
    await nekod.ended();
  }
  assert.deepEqual(texts(await sim.chatWith(all[0])), all);
});

test('what was deleted stays so after kill -9', async (t) => {
  const file = freshFile(t);
  const remove = async (nekod, what) => {
    assert.equal((await fetch(`${nekod.url}/sessions${what}`, { method: 'DELETE' })).status, 200);
    nekod.kill('SIGKILL');
    await nekod.ended();
  };
  let nekod = await start(t, file);
  await nekod.ask(unique(), { session_id: 'idle' });
  await remove(nekod, '/idle');

  nekod = await start(t, file);
  assert.deepEqual(await sessions(nekod), []);
  await nekod.ask(unique(), { session_id: 'busy' });
  const stream = await nekod.stream(`[sim tokens=200000 delay=20] ${unique()}`, { session_id: 'busy' });
  await stream.started();
  await remove(nekod, '/busy');
  await stream.rest();

  nekod = await start(t, file);
  assert.deepEqual(await sessions(nekod), []);
  for (let i = 0; i < 20; ++i) await nekod.ask(unique());
  await remove(nekod, '?all=true');

  nekod = await start(t, file);
  assert.deepEqual(await sessions(nekod), []);
});

test('the simulator saw no wrong use until here', async () => {
  assert.deepEqual((await sim.quiet()).violations, []);
});

test("the file is its owner's alone; without --store it is nekod.db, where nekod was started", async (t) => {
  const args = leadingTo(sim).filter((arg) => !['--store', 'memory'].includes(arg));
  const nekod = await gateway(t, args);
  await nekod.ask(unique());
  for (const name of ['nekod.db', 'nekod.db-wal'])
    assert.equal(statSync(join(nekod.home, name)).mode & 0o777, 0o600, name);
  assert.deepEqual(readdirSync(nekod.home).sort(), ['nekod.db', 'nekod.db-wal']);
});

test('--store-text digest keeps no text of any message, and sessions go on', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'sessions.db');
  const [one, two, three] = [unique('private'), unique('private'), unique('private')];
  let nekod = await start(t, file);
  const { json } = await nekod.ask(one);
  assert.ok(onDisk(folder).includes(one), 'by default it is there');
  nekod.kill('SIGKILL');
  await nekod.ended();

  nekod = await start(t, file, ['--store-text', 'digest']);
  assert.ok(!onDisk(folder).includes('private-'), 'what an earlier run kept is taken out');
  await nekod.ask(two, { session_id: json.session_id });
  assert.ok(!onDisk(folder).includes('private-'));
  nekod.kill();
  await nekod.ended();
  assert.ok(!onDisk(folder).includes('private-'));

  nekod = await start(t, file, ['--store-text', 'digest']);
  await nekod.ask(three, { session_id: json.session_id });
  assert.deepEqual(texts(await sim.chatWith(one)), [one, two, three]);
});

test('a file that is broken, foreign or newer, or no file, is refused by name and stays as it is', async (t) => {
  const file = freshFile(t);
  const nekod = await start(t, file);
  await nekod.ask(unique());
  nekod.kill();
  await nekod.ended();
  const folder = temporaryFolder(t);
  const changed = (name, change) => {
    const path = join(folder, name);
    copyFileSync(file, path);
    const bytes = readFileSync(path);
    writeFileSync(path, change(bytes) ?? bytes);
    return path;
  };
  const cases = [
    [changed('letters.txt', () => 'Dear diary'), /letters\.txt is damaged, or not a file of nekod's/],
    [changed('foreign.db', (bytes) => bytes.fill(0, 68, 72)), /foreign\.db belongs to another program/],
    [changed('newer.db', (bytes) => bytes.fill(0xff, 63, 64)), /newer\.db was written by a newer nekod/],
    [changed('short.db', (bytes) => bytes.subarray(0, 6000)), /short\.db cannot be used/],
    [changed('broken.db', (bytes) => bytes.fill(0xff, 4096)), /broken\.db cannot be used/],
    ['/proc/no-such-folder/nekod.db', /\/proc\/no-such-folder\/nekod\.db cannot be opened/],
    [folder, /cannot be opened/],
  ];
  for (const [path, words] of cases) {
    const before = path.startsWith(`${folder}/`) && readFileSync(path);
    const { code, log } = await runToEnd(t, keptIn(path));
    assert.equal(code, 2, log);
    assert.match(log, words);
    assert.match(log, /--store/);
    assert.doesNotMatch(log, /listening on/);
    if (before) assert.deepEqual(readFileSync(path), before, path);
  }
});

test('a file that another nekod uses is refused, and the other goes on', async (t) => {
  const file = freshFile(t);
  const nekod = await start(t, file);
  const { code, log } = await runToEnd(t, keptIn(file));
  assert.equal(code, 1, 'the other one may end');
  assert.match(log, /--store: .*sessions\.db is in use by another process/);
  await nekod.ask(unique());
});

test('a file in use is waited for, for it may be free soon', async (t) => {
  const file = freshFile(t);
  const first = await start(t, file);
  const second = new Gateway('nekod', keptIn(file));
  t.after(() => second.stop());
  await second.logged(/at most|simulator answers|waiting/);
  first.kill();
  assert.equal((await first.ended()).code, 0);
  await second.listening();
  await second.ask(unique());
});

test('a disk that is full at the start is the matter of a moment', { skip: sanitized }, async (t) => {
  for (const size of [0, 20_000]) {
    const { code, log } = await runToEnd(t, keptIn(freshFile(t)), { limits: [`--fsize=${size}`] });
    assert.equal(code, 1, log);
    assert.match(log, /--store: .*sessions\.db cannot be/);
  }
});

/// The status of `/health/ready`, and its reasons.
async function readiness(nekod) {
  const response = await fetch(`${nekod.url}/health/ready`);
  return [response.status, (await response.json()).reasons];
}

const changes = {
  'is removed': (file) => rmSync(file),
  'is replaced': (file) => {
    copyFileSync(file, `${file}.copy`);
    renameSync(`${file}.copy`, file);
  },
  'is moved away': (file) => renameSync(file, `${file}.old`),
  'loses the log beside it': (file) => rmSync(`${file}-wal`),
  'is in a folder that is moved': (file) => renameSync(dirname(file), `${dirname(file)}.old`),
  'is in a folder that is replaced': (file) => {
    renameSync(dirname(file), `${dirname(file)}.old`);
    mkdirSync(dirname(file));
    copyFileSync(join(`${dirname(file)}.old`, basename(file)), file);
  },
};

for (const [name, change] of Object.entries(changes)) {
  test(`a file that ${name} while nekod runs is noticed, and turns are refused`, async (t) => {
    const file = join(temporaryFolder(t), 'deep', 'sessions.db');
    mkdirSync(dirname(file));
    const nekod = await start(t, file);
    const id = unique('session');
    await nekod.ask(unique(), { session_id: id });
    change(file);
    // Without a turn.
    await until(async () => (await readiness(nekod))[0] === 503, 'still ready');
    assert.deepEqual(await readiness(nekod), [503, ['store_unavailable']]);
    await nekod.logged(/error .*the session store: .*sessions\.db.* (is gone|was replaced)/);
    for (const [fields, stream] of [[{ session_id: id }, false], [{}, false], [{ session_id: id }, true]]) {
      const text = unique('refused');
      const response = await nekod.post({ messages: [{ role: 'user', content: text }], stream, ...fields });
      await expectError(response, 503, 'store_unavailable', 'server_error');
      assert.equal(await sim.chatWith(text), undefined, 'the upstream hears nothing');
    }
    await expectError(await fetch(`${nekod.url}/sessions`), 503, 'store_unavailable');
    assert.equal((await fetch(`${nekod.url}/health/live`)).status, 200);
    nekod.kill();
    assert.equal((await nekod.ended()).code, 0);
  });
}

test('a file that is back in its place is used again', async (t) => {
  const file = freshFile(t);
  const nekod = await start(t, file);
  const id = unique('session');
  const first = unique();
  await nekod.ask(first, { session_id: id });
  renameSync(file, `${file}.old`);
  await until(async () => (await readiness(nekod))[0] === 503, 'still ready');
  renameSync(`${file}.old`, file);
  await until(async () => (await readiness(nekod))[0] === 200, 'never ready again');
  const second = unique();
  await nekod.ask(second, { session_id: id });
  nekod.kill('SIGKILL');
  await nekod.ended();
  const again = await start(t, file);
  await again.ask(unique(), { session_id: id });
  assert.deepEqual((await sim.chatWith(first)).messages.slice(0, 2).map((m) => m.text), [first, second]);
});

test('a turn that runs while the file goes is told so, and is not taken for kept', async (t) => {
  const file = freshFile(t);
  const nekod = await start(t, file);
  const stream = await nekod.stream(`[sim tokens=20 delay=20] ${unique()}`);
  await stream.started();
  rmSync(file);
  assert.equal(checkBrokenStream(await stream.rest()).code, 'store_unavailable');
});

test('a full disk fails turns, is told once, and is over when there is room', { skip: sanitized }, async (t) => {
  const file = freshFile(t);
  const id = unique('session');
  let nekod = await start(t, file, [], { limits: ['--fsize=150000:unlimited'] });
  const asked = [];
  const ask = () => {
    asked.push(unique());
    return nekod.post({ messages: [{ role: 'user', content: asked.at(-1) }], session_id: id });
  };
  const refused = await until(async () => {
    const response = await ask();
    if (response.status !== 200) return response;
    await response.text();
  }, 'the disk is never full');
  await expectError(refused, 503, 'store_unavailable', 'server_error');
  for (let i = 0; i < 3; ++i) await expectError(await ask(), 503, 'store_unavailable');
  const failed = asked.slice(-4);
  assert.deepEqual(await readiness(nekod), [503, ['store_unavailable']]);
  assert.equal((await fetch(`${nekod.url}/health`)).status, 200);
  execFileSync('prlimit', ['--pid', `${nekod.pid}`, '--fsize=unlimited:unlimited']);
  const text = unique();
  await nekod.ask(text, { session_id: id });
  await nekod.logged(/the session store is writable again/);
  assert.equal(nekod.log.match(/ error .*/g).length, 1, nekod.log);
  assert.match(nekod.log, /error .*the session store cannot be written: disk I\/O error/);
  nekod.kill('SIGKILL');
  await nekod.ended();

  nekod = await start(t, file);
  const next = unique();
  await nekod.ask(next, { session_id: id });
  const told = texts(await sim.chatWith(next)).join('\n');
  assert.ok(told.includes(text) && told.includes(asked.at(-5)));
  for (const missing of failed) assert.ok(!told.includes(missing), `${missing} was not kept, but told`);
});

test('expired sessions are gone from the file after a restart', async (t) => {
  const file = freshFile(t);
  let nekod = await start(t, file);
  await nekod.ask(unique());
  nekod.kill();
  await nekod.ended();
  nekod = await start(t, file, ['--session-ttl', '1']);
  await until(async () => (await sessions(nekod)).length === 0, 'it is still there');
});
