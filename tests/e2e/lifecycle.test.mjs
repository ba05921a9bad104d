// How nekod starts, what it says if it cannot, and how it ends.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import {
  Connection,
  Gateway,
  checkBrokenStream,
  checkStream,
  expectError,
  gateway,
  leadingTo,
  pair,
  rawRequest,
  runToEnd,
  sanitized,
  simulator,
  temporaryFolder,
  unique,
  until,
} from './support.mjs';

test("without a token nekod says the manual's sentence and exits 2", async (t) => {
  const { code, log } = await runToEnd(t, ['--port', '0', '--store', 'memory']);
  assert.equal(code, 2);
  assert.ok(log.includes('Token 未提供，请设置 ANUNEKO_TOKEN 环境变量或直接传入 token 参数'), log);
  assert.doesNotMatch(log, /listening on/);
});

test('a wrong flag or value is named, and exits 2', async (t) => {
  const wrong = [
    [['--no-such-flag'], '--no-such-flag'],
    [['--port', 'http'], '--port'],
    [['--port', '70000'], '--port'],
    [['--upstream', 'cat'], '--upstream'],
    [['--language', 'fr'], '--language'],
    [['--request-timeout', '-1'], '--request-timeout'],
    [['--threads', 'many'], '--threads'],
    [['--store', 'paper:notes'], '--store'],
    [['--store', 'sqlite:'], '--store'],
    [['--store-text', 'some'], '--store-text'],
    [['--anuneko-url', 'ftp://x'], '--anuneko-url'],
  ];
  for (const [args, name] of wrong) {
    const defaults = ['--anuneko-token', 'x', '--port', '0', '--store', 'memory'];
    const rest = defaults.filter((arg, i) => arg !== args[0] && defaults[i - 1] !== args[0]);
    const { code, log } = await runToEnd(t, [...rest, ...args]);
    assert.equal(code, 2, `${args.join(' ')}: ${log}`);
    assert.ok(log.includes(name), `${args.join(' ')}: ${log}`);
  }
});

test('a port in use is told as such, and exits 1: it may be free soon', async (t) => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await new Promise((open) => taken.once('listening', open));
  const { port } = taken.address();
  const { code, log } = await runToEnd(t, ['--upstream', 'simulator', '--store', 'memory', '--port', `${port}`]);
  assert.equal(code, 1, log);
  assert.ok(log.includes(`${port}`), log);
});

test('where descriptors or memory lack, nekod exits 1', { skip: sanitized }, async (t) => {
  const args = ['--upstream', 'simulator', '--port', '0', '--store', 'memory', '--threads', '4'];
  for (const files of [9, 12, 15, 18]) {
    const { code, log } = await runToEnd(t, args, { files });
    assert.equal(code, 1, `${files}: ${log}`);
    assert.match(log, /^nekod: /m);
  }
});

test('an address that is none exits 2, and the variable it came from is named', async (t) => {
  const args = ['--upstream', 'simulator', '--port', '0', '--store', 'memory'];
  const conda = 'x86_64-conda-linux-gnu';
  for (const [more, options, name] of [
    [[], { env: { HOST: conda } }, /cannot listen on x86_64-conda.*--host \(from HOST\)/],
    [[], { env: { FLASK_HOST: conda } }, /--host \(from FLASK_HOST\)/],
    [[], { home: { '.env': `# a comment\nHOST=${conda}\n` } }, /--host \(from line 2 of \.env, HOST\)/],
    [['--config', 'n.toml'], { home: { 'n.toml': `\nhost = "${conda}"` } }, /--host \(from line 2 of n\.toml\)/],
    [['--host', conda], { env: { HOST: '127.0.0.1' } }, /cannot listen on x86_64-conda[^(]*$/],
  ]) {
    const { code, log } = await runToEnd(t, [...args, ...more], options);
    assert.equal(code, 2, log);
    assert.match(log, name);
  }
});

/// Whether SIGHUP (1, the lowest bit) is pending in the process.
const holdsReload = (pid) => {
  const mask = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^SigBlk:\t.*([0-9a-f])$/m);
  return mask && (Number.parseInt(mask[1], 16) & 1) === 1;
};

test('a SIGHUP before nekod has begun is a reload when it has', async (t) => {
  // Opening a pipe for reading blocks until there is a writer, so nekod stops while it reads its settings.
  const pipe = join(temporaryFolder(t), 'nekod.toml');
  execFileSync('mkfifo', [pipe]);
  const nekod = new Gateway('nekod', ['--config', pipe, '--upstream', 'simulator', '--port', '0', '--store', 'memory']);
  t.after(() => nekod.stop());
  await until(() => holdsReload(nekod.pid) || nekod.status, 'SIGHUP is never held');
  assert.equal(nekod.log, '', 'nothing has begun');
  nekod.kill('SIGHUP');
  // Once for the start, and once for the reload: not before, or one reading might have both.
  await writeFile(pipe, 'language = "en"\n');
  await nekod.listening();
  await writeFile(pipe, 'language = "en"\n');
  await nekod.logged(/settings reloaded/);
  await nekod.ask(unique());
  assert.equal(nekod.log.match(/settings reloaded/g).length, 1);
});

test('--help and --version answer and exit 0', async (t) => {
  const help = await runToEnd(t, ['--help']);
  assert.equal(help.code, 0);
  for (const flag of ['--anuneko-token', '--upstream', '--port', '--heartbeat'])
    assert.ok(help.log.includes(flag), flag);
  const version = await runToEnd(t, ['--version']);
  assert.equal(version.code, 0);
  assert.match(version.log, /\d+\.\d+\.\d+/);
});

test('settings are taken from the environment, and a flag is stronger', async (t) => {
  const sim = await simulator(t);
  const env = {
    ANUNEKO_BASE_URL: `${sim.url}/api/v1`,
    ANUNEKO_TOKEN: 'secret-token',
    NEKOD_STORE: 'memory',
    NEKOD_LANGUAGE: 'en',
    FLASK_PORT: '0',
  };
  const english = await gateway(t, [], { env });
  await english.ask(unique());
  assert.match((await expectError(await english.post(''), 400)).message, /^[\x20-\x7e]+$/);
  const chinese = await gateway(t, ['--language', 'zh'], { env });
  assert.equal((await expectError(await chinese.post(''), 400)).message, '请求体不能为空');
});

test('flags are stronger than the environment, that than .env, and that than the file', async (t) => {
  const sim = await simulator(t);
  const files = {
    '.env': `# a comment\nANUNEKO_TOKEN="secret-token"\nNEKOD_LANGUAGE=en\nMAX_CONTENT_LENGTH=300\n`,
    'nekod.toml': `anuneko-url = "${sim.url}/api/v1"\nlanguage = "zh"\nmax-content-length = 400\n`,
  };
  const args = ['--config', 'nekod.toml', '--port', '0'];
  const env = { MAX_CONTENT_LENGTH: '200' };
  const nekod = await gateway(t, args, { home: files, env });
  await nekod.ask(unique());
  const error = await expectError(await nekod.post('x'.repeat(250)), 413, 'content_too_large');
  assert.match(error.message, /^[\x20-\x7e]+$/, '.env, not the file');
  const flagged = await gateway(t, [...args, '--language', 'zh'], { home: files, env });
  assert.equal((await expectError(await flagged.post(''), 400)).message, '请求体不能为空');
});

test('--upstream simulator needs nothing else', async (t) => {
  const nekod = await gateway(t, ['--upstream', 'simulator', '--store', 'memory', '--port', '0']);
  const text = unique('你好');
  const { json } = await nekod.ask(text);
  const stream = await nekod.stream(`${text} again`, { session_id: json.session_id });
  assert.ok(checkStream(await stream.rest()).text.includes(`${text} again`));
  nekod.kill();
  assert.deepEqual(await nekod.ended(), { code: 0, signal: null });
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} without work ends nekod with 0`, async (t) => {
    const { nekod } = await pair(t);
    await nekod.ask(unique());
    const idle = await new Connection(nekod.port).send('');
    nekod.kill(signal);
    assert.deepEqual(await nekod.ended(), { code: 0, signal: null });
    idle.end();
  });
}

test('SIGTERM lets a stream end, then exits 0; who comes meanwhile is sent away', async (t) => {
  const { sim, nekod } = await pair(t);
  const kept = new Connection(nekod.port).reading();
  await kept.send(rawRequest('GET', '/health'));
  await kept.seen(/"healthy"/);

  const text = unique();
  const stream = await nekod.stream(`[sim tokens=200 delay=10] ${text}`);
  await stream.started();
  nekod.kill();
  // No new connection is accepted.
  await until(
    () =>
      new Promise((told) => {
        const socket = net.connect({ port: nekod.port, host: '127.0.0.1' });
        socket.once('connect', () => told(false)).once('error', () => told(true));
        socket.once('connect', () => socket.destroy());
      }),
    'nekod still takes connections',
  );
  // An open connection is told, unless it was closed.
  kept.text = '';
  await kept.send(
    rawRequest('POST', '/v1/chat/completions', { messages: [{ role: 'user', content: 'late' }] }),
  );
  await until(() => kept.closed || kept.text.includes('overloaded'), 'no word to the open connection');
  if (kept.text) {
    assert.match(kept.text, /^HTTP\/1.1 503 /);
    assert.match(kept.text, /\r\nConnection: close\r\n/i);
    assert.match(kept.text, /\r\nRetry-After: \d+\r\n/i);
    await until(() => kept.closed, 'the connection stays open');
  }

  assert.ok(checkStream(await stream.rest()).text.includes(text), 'the stream was let finish');
  assert.deepEqual(await nekod.ended(), { code: 0, signal: null });
  assert.equal((await sim.quiet()).replies_aborted, 0);
});

test('SIGTERM lets a whole answer end too', async (t) => {
  const { sim, nekod } = await pair(t);
  const text = unique();
  const answer = nekod.ask(`[sim tokens=100 delay=10] ${text}`);
  await sim.reached(text);
  nekod.kill();
  assert.ok((await answer).text.includes(text));
  assert.deepEqual(await nekod.ended(), { code: 0, signal: null });
});

test('a second SIGTERM ends nekod at once, with its last line', async (t) => {
  const { sim, nekod } = await pair(t);
  const stream = await nekod.stream(`[sim tokens=200000 delay=20] ${unique()}`);
  await stream.started();
  const late = new Connection(nekod.port).reading();
  await late.send('GET /no/such/path HTTP/1.1\r\n');
  nekod.kill();
  await nekod.logged(/drain|SIGTERM|shutting|stopping/i);
  assert.equal(nekod.status, undefined, 'the first one waits for the stream');
  await late.send('Host: here\r\n\r\n');
  await until(() => /^HTTP\/1\.1 \d/.test(late.text), `no answer: ${late.text}`);
  nekod.kill();
  assert.deepEqual(await nekod.ended(), { code: 143, signal: null });
  assert.match(nekod.log, / GET \/no\/such\/path \d/);
  assert.ok(!(await stream.rest()).includes('[DONE]'));
  await sim.quiet();
});

test('SIGTERM closes the door while answers still run', async (t) => {
  const { sim, nekod } = await pair(t, { nekod: ['--drain-timeout', '600'] });
  const stream = await nekod.stream(`[sim tokens=200000 delay=20] ${unique()}`);
  await stream.started();
  nekod.kill();
  await until(
    () =>
      new Promise((told) => {
        const socket = net.connect({ port: nekod.port, host: '127.0.0.1' });
        socket.once('connect', () => socket.destroy()).once('error', () => told(true));
        socket.once('close', () => told(false));
      }),
    'nekod still takes connections',
  );
  assert.equal((await sim.report()).active_replies, 1, 'the answer runs on');
  await stream.more();
  assert.ok(!stream.ended, 'the stream goes on');
  stream.leave();
  assert.deepEqual(await nekod.ended(), { code: 0, signal: null });
});

/// An idle keep-alive connection over which an answer came.
async function keptConnection(nekod) {
  const kept = new Connection(nekod.port).reading();
  await kept.send(rawRequest('GET', '/health/live'));
  await kept.seen(/200 OK[^]*"alive"/);
  kept.text = '';
  return kept;
}

/// Sends the rest of a request for `/health/live`, and reads its answer up to the connection's end.
async function endRequest(connection, rest) {
  await connection.send(rest);
  await until(() => connection.closed, 'the connection stays open');
  assert.match(connection.text, /^HTTP\/1.1 200 OK\r\nConnection: close\r\n[^]*"alive"/);
}

test('SIGTERM closes kept connections that wait, and only those', async (t) => {
  const { nekod } = await pair(t, { nekod: ['--drain-timeout', '600'] });
  const stream = await nekod.stream(`[sim tokens=200000 delay=20] ${unique()}`);
  await stream.started();
  const [fresh, begun] = [new Connection(nekod.port).reading(), await keptConnection(nekod)];
  await fresh.opened;
  const waiting = await Promise.all(Array.from({ length: 20 }, () => keptConnection(nekod)));
  const request = rawRequest('GET', '/health/live');
  await begun.send(request.subarray(0, 20));
  nekod.kill();
  await until(() => waiting.every((kept) => kept.closed), 'a connection stays open');
  for (const kept of waiting) assert.deepEqual([kept.text, kept.socket.errored], ['', null]);
  // A client whose connection ends before its first answer sees a failure.
  await endRequest(begun, request.subarray(20));
  await endRequest(fresh, request);
  await stream.more();
  assert.ok(!stream.ended, 'the stream goes on');
  stream.leave();
  assert.deepEqual(await nekod.ended(), { code: 0, signal: null });
});

test('an answer that runs at SIGTERM is its connection\'s last', async (t) => {
  const { sim, nekod } = await pair(t, { nekod: ['--drain-timeout', '600'] });
  const other = await nekod.stream(`[sim tokens=200000 delay=20] ${unique()}`);
  await other.started();
  const [whole, streamed] = [unique(), unique()];
  const answer = nekod.ask(`[sim tokens=100 delay=10] ${whole}`);
  const kept = new Connection(nekod.port).reading();
  const content = `[sim tokens=100 delay=10] ${streamed}`;
  await kept.send(rawRequest('POST', '/v1/chat/completions', { stream: true, messages: [{ role: 'user', content }] }));
  await sim.reached(whole);
  await kept.seen(/\r\n\r\n/);
  nekod.kill();
  assert.equal((await answer).response.headers.get('connection'), 'close');
  // The header of the other request was sent before.
  await until(() => kept.closed, 'the connection stays open');
  assert.match(kept.text, /\[DONE\]\s+0\r\n\r\n$/);
  await other.more();
  other.leave();
  assert.deepEqual(await nekod.ended(), { code: 0, signal: null });
});

test('a request that is on its way at SIGTERM is answered, though nothing else is', async (t) => {
  const { nekod } = await pair(t);
  const begun = await keptConnection(nekod);
  const waiting = await keptConnection(nekod);
  const request = rawRequest('GET', '/health/live');
  await begun.send(request.subarray(0, 20));
  nekod.kill();
  await until(() => waiting.closed, 'the drain does not begin');
  await endRequest(begun, request.subarray(20));
  assert.deepEqual(await nekod.ended(), { code: 0, signal: null });
});

test('--drain-timeout bounds the wait for streams', async (t) => {
  const { sim, nekod } = await pair(t, { nekod: ['--drain-timeout', '1'] });
  const stream = await nekod.stream(`[sim tokens=200000 delay=20] ${unique()}`);
  await stream.started();
  nekod.kill();
  assert.equal(checkBrokenStream(await stream.rest()).code, 'overloaded');
  assert.deepEqual(await nekod.ended(), { code: 0, signal: null });
  await sim.quiet();
});

test('--drain-delay lets monitors and clients know first, while all are still answered', async (t) => {
  const { nekod } = await pair(t, { nekod: ['--drain-delay', '600'] });
  const ready = () => fetch(`${nekod.url}/health/ready`);
  // Ready once it has the list of models.
  await until(async () => (await ready()).status === 200, 'not ready');
  const kept = await keptConnection(nekod);
  nekod.kill();
  await until(async () => (await ready()).status === 503, 'it is still ready');
  assert.deepEqual((await (await ready()).json()).reasons, ['draining']);
  const { response } = await nekod.ask(unique());
  assert.equal(response.headers.get('connection'), 'close');
  assert.equal((await fetch(`${nekod.url}/health/live`)).status, 200);
  // A client with a keep-alive connection is asked to open another one after its next answer.
  await kept.send(rawRequest('GET', '/v1/models'));
  await until(() => kept.closed, 'the connection stays open');
  assert.match(kept.text, /^HTTP\/1.1 200 OK\r\nConnection: close\r\n/);
  nekod.kill();
  assert.deepEqual(await nekod.ended(), { code: 143, signal: null });
});

test('behind --drain-delay nekod drains as ever', async (t) => {
  const { sim, nekod } = await pair(t, { nekod: ['--drain-delay', '0.2'] });
  const text = unique();
  const stream = await nekod.stream(`[sim tokens=100 delay=20] ${text}`);
  await stream.started();
  nekod.kill();
  await until(async () => {
    const answer = await nekod.post({ messages: [{ role: 'user', content: unique() }] }).catch(() => undefined);
    await answer?.text();
    return answer === undefined;
  }, 'nekod still takes connections');
  assert.ok(checkStream(await stream.rest()).text.includes(text));
  assert.deepEqual(await nekod.ended(), { code: 0, signal: null });
  assert.equal((await sim.quiet()).replies_aborted, 0);
});
