// What the log says about a request, in both formats, and where it goes.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { respond } from './responding.mjs';
import { Connection, gateway, leadingTo, rawRequest, runToEnd, simulator, temporaryFolder, unique, until } from './support.mjs';

const sim = await simulator({ after });

test('a request is one line, which tells its way', async (t) => {
  const nekod = await gateway(t, leadingTo(sim));
  const { json, response } = await nekod.ask(`[sim tokens=5] ${unique()}`);
  const line = await nekod.logged(/ info POST \/v1\/chat\/completions 200 (.*)/);
  assert.match(line[1], /^\d+\.\dms first_byte_ms=\d+\.\d chunks=5 session=\S+ match=new upstream=anuneko model=mihoyo-orange_cat answer=chatcmpl-\w+ client=127\.0\.0\.1 request_id=req_\w+$/);
  assert.ok(line[1].includes(`answer=${json.id}`) && line[1].includes(json.session_id) && line[1].includes(response.headers.get('x-request-id')));
  await (await fetch(`${nekod.url}/no/such/path?key=secret`)).text();
  await nekod.logged(/ info GET \/no\/such\/path 404 .* error=not_found /);
  const stream = await nekod.stream(`[sim tokens=200000 delay=20] ${unique()}`);
  await stream.started();
  stream.leave();
  await nekod.logged(/ POST \S+ 200 .* client_left$/m);
  assert.equal(nekod.log.match(/ POST /g).length, 2);
});

test('a response is logged by its id, by whichever way it is told', async (t) => {
  const nekod = await gateway(t, leadingTo(sim));
  const whole = await (await respond(nekod, { input: unique() })).json();
  await nekod.logged(new RegExp(` POST /v1/responses 200 .* answer=${whole.id} `));
  const { id } = await (await respond(nekod, { input: unique(), background: true })).json();
  assert.equal((await fetch(`${nekod.url}/v1/responses/${id}?stream=true`)).status, 200);
  await nekod.logged(new RegExp(` GET /v1/responses/${id} 200 .* answer=${id} `));
});

test('as JSON, each line is an object with the same names', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--log-format', 'json']);
  const { json } = await nekod.ask(unique());
  await nekod.post({ messages: [], model: '"quoted"\n' });
  await nekod.logged(/"error":"empty_messages"/);
  const lines = nekod.log.trim().split('\n').map((line) => JSON.parse(line));
  for (const line of lines) {
    assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.match(line.level, /^(info|warning)$/);
  }
  assert.ok(lines.some((line) => line.message?.includes('listening on')));
  const request = lines.find((line) => line.status === 200);
  assert.equal(request.method, 'POST');
  assert.equal(request.path, '/v1/chat/completions');
  assert.equal(request.session, json.session_id);
  assert.equal(request.match, 'new');
  assert.equal(request.upstream, 'anuneko');
  assert.equal(request.client_left, false);
  for (const number of ['duration_ms', 'first_byte_ms', 'chunks']) assert.equal(typeof request[number], 'number');
});

test('LOG_PATH keeps the log in a file too, under LOG_NAME', async (t) => {
  const env = { LOG_PATH: 'logs', LOG_NAME: 'anuneko-openai.log' };
  const nekod = await gateway(t, leadingTo(sim), { env });
  await nekod.ask(unique());
  const file = join(nekod.home, 'logs', 'anuneko-openai.log');
  await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('chat/completions 200'), 'nothing in the file');
  await nekod.logged(/chat\/completions 200/); // Standard error has it as well.
  const named = await gateway(t, [...leadingTo(sim), '--log-path', 'here/my.log']);
  await until(() => existsSync(join(named.home, 'here', 'my.log')), 'no file');
});

/// Makes nekod open its log file again, and waits for the line about it in that file.
async function reopened(nekod, file) {
  nekod.kill('SIGHUP');
  await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('settings reloaded'), 'no new file');
}

test('a log file that was moved away is opened again at SIGHUP, with the same mode', async (t) => {
  const file = join(temporaryFolder(t), 'deep', 'nekod.log');
  const nekod = await gateway(t, [...leadingTo(sim), '--log-path', file]);
  await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('listening'), 'nothing in the file');
  chmodSync(file, 0o600);
  await reopened(nekod, file); // Opened again where it is.
  assert.match(readFileSync(file, 'utf8'), /listening/, 'nothing is lost');
  const moved = `${file}.1`;
  renameSync(file, moved);
  await reopened(nekod, file);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const before = readFileSync(moved, 'utf8');
  await nekod.ask(unique());
  await until(() => readFileSync(file, 'utf8').includes('chat/completions 200'), 'the new file lacks the line');
  assert.equal(readFileSync(moved, 'utf8'), before, 'the old file gets nothing more');

  rmSync(file);
  await reopened(nekod, file);
  rmSync(join(file, '..'), { recursive: true });
  await reopened(nekod, file);

  // Also if the settings are refused.
  renameSync(file, moved);
  writeFileSync(join(nekod.home, '.env'), 'NEKOD_HEARTBEAT=never\n');
  nekod.kill('SIGHUP');
  await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('reload refused'), 'no new file');
});

test('a log file that cannot be opened again is told of, and the old one goes on', async (t) => {
  const file = join(temporaryFolder(t), 'nekod.log');
  const nekod = await gateway(t, [...leadingTo(sim), '--log-path', file]);
  await until(() => existsSync(file), 'no file');
  renameSync(file, `${file}.1`);
  mkdirSync(file);
  nekod.kill('SIGHUP');
  await nekod.logged(/LOG ERROR: .*nekod\.log/);
  await until(() => readFileSync(`${file}.1`, 'utf8').includes('settings reloaded'), 'the line is lost');
  await nekod.ask(unique());
});

test('a file that may grow no more harms nobody', async (t) => {
  const nekod = await gateway(t, [...leadingTo(sim), '--log-path', 'logs'], { limits: ['--fsize=2000'] });
  for (let i = 0; i < 40; ++i) await nekod.ask(unique());
  await nekod.logged(/LOG ERROR/);
  await nekod.ask(unique());
  assert.ok(readFileSync(join(nekod.home, 'logs', 'nekod.log')).length <= 2000);
  nekod.kill();
  assert.equal((await nekod.ended()).code, 0);
});

test('a folder in the place of the file is refused', async (t) => {
  const folder = join(temporaryFolder(t), 'nekod.log');
  mkdirSync(folder);
  const { code, log } = await runToEnd(t, [...leadingTo(sim), '--log-path', folder]);
  assert.equal(code, 2, log);
  assert.ok(log.includes('--log-path') && log.includes(folder), log);
});

test('--debug tells of calls and sessions, and FLASK_DEBUG does the same', async (t) => {
  for (const [args, env] of [[['--debug'], {}], [[], { FLASK_DEBUG: 'True' }]]) {
    const nekod = await gateway(t, [...leadingTo(sim), ...args], { env });
    await nekod.ask(unique());
    await nekod.logged(/ debug upstream create_chat ok after \d/);
    await nekod.logged(/ debug session \S+ is in memory/);
  }
});

test('a standard error that nobody reads holds up nobody, and what was lost is told', async (t) => {
  const file = join(temporaryFolder(t), 'nekod.log');
  const nekod = await gateway(t, [...leadingTo(sim), '--log-path', file]);
  nekod.process.stderr.pause();
  const connection = new Connection(nekod.port).reading();
  const path = `/${'x'.repeat(250)}`;
  const [rounds, each] = [80, 500];
  for (let i = 1; i <= rounds; ++i) {
    connection.text = '';
    connection.socket.write(Buffer.concat(Array.from({ length: each }, () => rawRequest('GET', path))));
    await until(() => connection.text.match(/HTTP\/1\.1 404 /g)?.length === each, `no answers in round ${i}`);
  }
  connection.end();
  await nekod.ask(unique());
  // The file has all lines: one destination does not wait for another.
  const lines = () => readFileSync(file, 'utf8').match(/ GET \/x+ 404 /g)?.length;
  const rotated = () => existsSync(join(file, '..', 'nekod.1.log'));
  await until(() => rotated() || lines() === rounds * each, 'the file lacks lines');
  nekod.process.stderr.resume();
  await nekod.logged(/\d+ lines of the log were lost/);
});

test('such a standard error does not keep nekod from its end', async (t) => {
  const nekod = await gateway(t, leadingTo(sim));
  nekod.process.stderr.pause();
  const connection = new Connection(nekod.port).reading();
  const bytes = Buffer.concat(Array.from({ length: 4000 }, () => rawRequest('GET', `/${'x'.repeat(250)}`)));
  connection.socket.write(bytes);
  await until(() => connection.text.match(/HTTP\/1\.1 404 /g)?.length === 4000, 'no answers');
  connection.end();
  const ended = new Promise((done) => nekod.process.once('exit', (code) => done(code)));
  nekod.kill();
  assert.equal(await ended, 0);
  nekod.process.stderr.resume();
});
