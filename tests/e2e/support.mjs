// What every end-to-end test needs: real processes, a client, a strict parser of streams, and one way to wait.
// Nothing here sleeps for a fixed time.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { sharedDatabase } from './database.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/// The folder of the build, where the programs are.
export const programs = resolve(root, process.env.NEKOD_BIN_DIR ?? 'build/release');

/// The time after which a test counts as hanging, in milliseconds.
export const patience = Number(process.env.NEKOD_PATIENCE ?? 60_000);

/// Why a test that counts files or bytes is skipped: sanitizers use some themselves; else false.
export const sanitized = process.env.NEKOD_SANITIZE ? 'a build with sanitizers' : false;

/// The account token that `pair` gives to both programs.
export const accountToken = 'secret-token';

/// With NEKOD_E2E_STORE=postgres, each nekod that is given a store gets a database in its place: a new one for
/// `memory`, and one for each file of SQLite.
function inDatabase(args, home) {
  const at = args.lastIndexOf('--store');
  if (process.env.NEKOD_E2E_STORE !== 'postgres' || at < 0 || !/^(memory|sqlite:.)/.test(args[at + 1])) return args;
  const file = args[at + 1].match(/^sqlite:(.*)/)?.[1];
  const uri = sharedDatabase().uri(file && resolve(home, file));
  return [...args, '--store', uri, '--node-lease', '3'];
}

/// Calls *probe* until it returns something truthy, and returns that.
export async function until(probe, what, deadline = patience) {
  const end = Date.now() + deadline;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) assert.fail(`waited ${deadline} ms in vain: ${what}`);
    await new Promise((wake) => setTimeout(wake, 10));
  }
}

/// A folder that is deleted after the test.
export function temporaryFolder(scope) {
  const folder = mkdtempSync(join(tmpdir(), 'nekod-e2e-'));
  scope.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/// A new self-signed certificate for localhost: the paths `cert` and `key`.
export function certificate(scope, folder = temporaryFolder(scope)) {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const out = ['-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-addext', names];
  execFileSync('openssl', ['req', '-x509', ...kind, ...out], { stdio: 'ignore' });
  return { cert, key };
}

/// Adds a key to a key file with nekod's own command, and returns it.
export function addKey(file, name, ...args) {
  const words = ['keys', 'add', name, '--file', file, ...args];
  return execFileSync(join(programs, 'nekod'), words, { encoding: 'utf8' }).trim();
}

/// A unique text.
export const unique = (text = 'message') => `${text}-${randomUUID().slice(0, 8)}`;

/// A running program. Ends with its test, even if this process is killed.
export class Program {
  /// @param options `env`: further variables; `files`: the limit of open files, in prlimit's notation; `limits`:
  /// other arguments of prlimit; `home`: files to put into the working folder, by name; `socket`: a descriptor to
  /// inherit, as from systemd.
  constructor(name, args, { env = {}, files, limits = [], home = {}, socket } = {}) {
    this.name = name;
    this.log = '';
    this.home = mkdtempSync(join(tmpdir(), 'nekod-e2e-'));
    const inherited = Object.entries(process.env).filter(([key]) =>
      /^(PATH|LANG|LC_.*|TZ|(A|L|T|UB)SAN_OPTIONS|NEKOD_THREADS|NEKOD_UPSTREAM_CLIENT)$/.test(key),
    );
    for (const [file, text] of Object.entries(home)) writeFileSync(join(this.home, file), text);
    const bounds = [...limits, ...(files ? [`--nofile=${files}`] : [])];
    const limit = bounds.length ? ['prlimit', ...bounds] : [];
    const heir = ['sh', '-c', 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@"'];
    const inheriting = socket === undefined ? [] : heir;
    const command = ['setpriv', '--pdeathsig', 'KILL', ...inheriting, ...limit, join(programs, name), ...(name === 'nekod' ? inDatabase(args, this.home) : args)];
    this.process = spawn(command[0], command.slice(1), {
      cwd: this.home,
      env: {
        UBSAN_OPTIONS: 'print_stacktrace=1',
        ...Object.fromEntries(inherited),
        HOME: this.home,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe', ...(socket === undefined ? [] : [socket])],
    });
    const collect = (bytes) => (this.log += bytes);
    this.process.stdout.setEncoding('utf8').on('data', collect);
    this.process.stderr.setEncoding('utf8').on('data', collect);
    this.exited = new Promise((ended) => {
      this.process.on('error', (error) => ended({ code: null, signal: String(error) }));
      this.process.on('close', (code, signal) => ended({ code, signal }));
    }).then((status) => (this.status = status));
  }

  get pid() {
    return this.process.pid;
  }

  /// Waits for the line with the address.
  async listening() {
    const line = await until(
      () => this.status || this.log.match(/listening on (\S+):(\d+)/),
      `${this.name} does not listen:\n${this.log}`,
    );
    assert.ok(!this.status, `${this.name} ended at once:\n${this.log}`);
    this.port = Number(line[2]);
    this.url = `http://127.0.0.1:${this.port}`;
    return this;
  }

  /// Waits until the log matches *pattern*, and returns the match. Log lines may follow their events by a moment.
  logged(pattern) {
    return until(() => this.log.match(pattern), `no ${pattern} in:\n${this.log.slice(-4000)}`);
  }

  kill(signal = 'SIGTERM') {
    if (!this.status) this.process.kill(signal);
  }

  /// Stops the program, and waits until each of its threads stands still. `SIGCONT` lets it go on.
  async freeze() {
    this.kill('SIGSTOP');
    const stands = (thread) => /^\d+ \(.*\) T/.test(readFileSync(`/proc/${this.pid}/task/${thread}/stat`, 'utf8'));
    await until(() => readdirSync(`/proc/${this.pid}/task`).every(stands), `${this.name} does not stand still`);
  }

  /// Waits for the end and returns its `code` and `signal`.
  ended(deadline = patience) {
    return until(() => this.status, `${this.name} does not end:\n${this.log.slice(-2000)}`, deadline);
  }

  /// Ends the program in any case, and looks for reports of sanitizers.
  async stop() {
    this.kill('SIGTERM');
    const impatient = setTimeout(() => this.kill('SIGTERM'), 1000);
    let stuck = false;
    const angry = setTimeout(() => {
      stuck = true;
      this.kill('SIGKILL');
    }, 20_000);
    await this.exited;
    clearTimeout(impatient);
    clearTimeout(angry);
    rmSync(this.home, { recursive: true, force: true });
    const report = this.log.match(/^.*(runtime error:|(ERROR|WARNING): \w+Sanitizer)[^]*/m);
    assert.ok(!report, `${this.name}: ${report?.[0].slice(0, 6000)}`);
    assert.ok(!stuck, `${this.name} did not end on SIGTERM`);
  }

  /// Processor time used so far, in the system's ticks.
  ticks() {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return Number(fields[11]) + Number(fields[12]);
  }

  /// Waits until it was nearly idle in that many consecutive checks.
  async resting(looks, complaint) {
    let [last, still] = [-1, 0];
    await until(() => {
      still = this.ticks() <= last + 1 ? still + 1 : 0;
      last = this.ticks();
      return still >= looks;
    }, complaint);
  }

  /// Resident memory in MiB.
  memory() {
    return Number(readFileSync(`/proc/${this.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;
  }
}

/// The simulator and its records.
class Simulator extends Program {
  async #call(method, path, body) {
    const response = await fetch(this.url + path, {
      method,
      body: body && JSON.stringify(body),
      headers: body && { 'Content-Type': 'application/json' },
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : {};
  }

  report() {
    return this.#call('GET', '/sim/report');
  }
  async chats() {
    return (await this.#call('GET', '/sim/chats')).chats;
  }
  /// The requests for completions as they arrived.
  async completions() {
    return (await this.#call('GET', '/sim/completions')).completions;
  }
  settings(changes) {
    return this.#call('POST', '/sim/settings', changes);
  }
  fault(fault) {
    return this.#call('POST', '/sim/faults', fault);
  }
  clearFaults() {
    return this.#call('DELETE', '/sim/faults');
  }
  reset() {
    return this.#call('POST', '/sim/reset');
  }

  /// The chat with a message that contains *text*, or undefined.
  async chatWith(text) {
    return (await this.chats()).find((chat) => chat.messages.some((m) => m.text.includes(text)));
  }

  /// Waits for such a chat.
  reached(text) {
    return until(() => this.chatWith(text), `${text} does not reach the simulator`);
  }

  /// The newest request for a completion whose last message contains *text*, or undefined.
  async completionOf(text) {
    const last = (entry) => JSON.stringify(entry.body.messages.at(-1));
    return (await this.completions()).findLast((entry) => last(entry).includes(text));
  }

  /// Waits for such a request in that state.
  completed(text, state) {
    const probe = async () => {
      const found = await this.completionOf(text);
      return found?.state === state && found;
    };
    return until(probe, `${text} is not ${state} at the simulator`);
  }

  /// Waits until no reply is running, and returns the report.
  quiet() {
    return until(async () => {
      const report = await this.report();
      return report.active_replies === 0 && report;
    }, 'replies are still under way upstream');
  }
}

/// nekod with the calls that tests make.
export class Gateway extends Program {
  /// `POST /v1/chat/completions`; *body* is an object, or a string that is sent as it is.
  post(body, { headers = {}, signal, path = '/v1/chat/completions' } = {}) {
    // Without AbortSignal.any(): Node 20 may collect such a signal before it fires.
    const leaving = new AbortController();
    setTimeout(() => leaving.abort(new Error('no end of the answer')), patience).unref();
    signal?.addEventListener('abort', () => leaving.abort());
    return fetch(this.url + path, {
      method: 'POST',
      body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', ...headers },
      signal: leaving.signal,
    });
  }

  /// The values in `/metrics`, by name and labels as written.
  async figures() {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const samples = text.matchAll(/^([a-z_]+(?:\{.*\})?) (\S+)$/gm);
    return Object.fromEntries([...samples].map(([, name, value]) => [name, Number(value)]));
  }

  /// One of these values.
  async figure(name) {
    return (await this.figures())[name];
  }

  /// The sum of the values of one name that have *label* among their labels.
  async total(name, label = '') {
    const samples = Object.entries(await this.figures());
    return samples
      .filter(([series]) => series.startsWith(`${name}{`) && series.includes(label))
      .reduce((sum, [, value]) => sum + value, 0);
  }

  /// A whole answer to *text*; must succeed. `json` is its body.
  async ask(text, fields = {}, options = {}) {
    const response = await this.post({ ...question(text), ...fields }, options);
    const body = await response.text();
    assert.equal(response.status, 200, body);
    return { response, json: JSON.parse(body), text: JSON.parse(body).choices[0].message.content };
  }

  /// A streamed answer to *text* whose header has arrived.
  async stream(text, fields = {}, options = {}) {
    const leaving = new AbortController();
    const response = await this.post(
      { ...question(text), stream: true, ...fields },
      { ...options, signal: leaving.signal },
    );
    return new Stream(response, leaving);
  }
}

/// The content of an answer, streamed or whole; must have succeeded.
export async function answerOf(response) {
  const body = await response.text();
  assert.equal(response.status, 200, body);
  const stream = response.headers.get('content-type').startsWith('text/event-stream');
  return {
    text: stream ? checkStream(body).text : JSON.parse(body).choices[0].message.content,
    session: response.headers.get('x-session-id'),
    match: response.headers.get('x-session-match'),
    replayed: response.headers.get('idempotent-replayed') === 'true',
  };
}

const question = (text) => ({
  model: 'mihoyo-orange_cat',
  messages: [{ role: 'user', content: text }],
});

/// An answer that is being streamed.
class Stream {
  #reader;
  #decoder = new TextDecoder('utf-8', { fatal: true });
  #leaving;

  constructor(response, leaving) {
    this.response = response;
    this.raw = '';
    this.ended = false;
    /// Whether the connection broke before the body's end.
    this.cut = false;
    this.#reader = response.body.getReader();
    this.#leaving = leaving;
  }

  /// Reads the next bytes.
  async more() {
    try {
      const { done, value } = await this.#reader.read();
      this.ended = done;
      if (value) this.raw += this.#decoder.decode(value, { stream: true });
    } catch (error) {
      this.ended = true;
      this.cut = true;
      this.error = error;
    }
  }

  /// Reads until *pattern* matches everything that has arrived.
  async seen(pattern) {
    while (!this.raw.match(pattern)) {
      assert.ok(!this.ended, `the stream ended without ${pattern}:\n${this.raw.slice(-2000)}`);
      await this.more();
    }
    return this.raw.match(pattern);
  }

  /// Reads until there is some text.
  started() {
    return this.seen(/"delta":\{"content":"[^"]/);
  }

  /// Reads to the end, and returns everything.
  async rest() {
    while (!this.ended) await this.more();
    return this.raw;
  }

  /// Closes the connection.
  leave() {
    this.#leaving.abort();
    this.ended = true;
  }
}

/// The blocks of an event stream, after checking what holds for all of ours: LF only, each block is one line, a
/// comment or `data: `, with a blank line after it.
export function blocksOf(raw) {
  assert.ok(!raw.includes('\r'), 'a stream has LF only');
  assert.ok(raw.endsWith('\n\n'), `a stream ends with a blank line: ${JSON.stringify(raw.slice(-80))}`);
  const blocks = raw.slice(0, -2).split('\n\n');
  for (const block of blocks) {
    assert.ok(!block.includes('\n'), `a block has one line: ${JSON.stringify(block)}`);
    assert.match(block, /^(data: .|: keep-alive$)/);
  }
  return blocks;
}

/// The data of a stream's events, without comments.
export const dataOf = (raw) =>
  blocksOf(raw)
    .filter((block) => !block.startsWith(':'))
    .map((block) => block.slice('data: '.length));

/// Checks a stream that ended properly, and returns its content.
export function checkStream(raw, { usage = false } = {}) {
  const data = dataOf(raw);
  assert.equal(data.at(-1), '[DONE]');
  const chunks = data.slice(0, -1).map((line) => JSON.parse(line));
  const [first] = chunks;
  for (const chunk of chunks) {
    assert.equal(chunk.object, 'chat.completion.chunk');
    for (const key of ['id', 'created', 'model', 'session_id'])
      assert.deepEqual(chunk[key], first[key], `${key} is the same in all chunks`);
    assert.ok(Array.isArray(chunk.choices));
    assert.ok(!('error' in chunk), 'a good chunk has no error key');
  }
  assert.match(first.id, /^chatcmpl-./);
  assert.ok(Number.isInteger(first.created) && first.created < 1e11, 'created is in seconds');
  assert.equal(typeof first.model, 'string');
  assert.equal(typeof first.session_id, 'string');

  const counted = usage ? chunks.pop() : undefined;
  if (usage) {
    assert.deepEqual(counted.choices, []);
    assert.equal(typeof counted.usage.total_tokens, 'number');
    for (const chunk of chunks) assert.equal(chunk.usage, null);
  } else {
    for (const chunk of chunks) assert.ok(!('usage' in chunk));
  }

  for (const chunk of chunks) {
    assert.equal(chunk.choices.length, 1);
    assert.equal(chunk.choices[0].index, 0);
    assert.ok('finish_reason' in chunk.choices[0]);
  }
  const choices = chunks.map((chunk) => chunk.choices[0]);
  assert.deepEqual(choices[0].delta, { role: 'assistant', content: '' });
  assert.deepEqual(choices.at(-1).delta, {});
  assert.equal(choices.at(-1).finish_reason, 'stop');
  for (const choice of choices.slice(0, -1)) assert.equal(choice.finish_reason, null);
  for (const choice of choices.slice(1, -1)) assert.deepEqual(Object.keys(choice.delta), ['content']);
  const text = choices.map((choice) => choice.delta.content ?? '').join('');
  return { chunks, text, first, usage: counted?.usage };
}

/// Checks a failed stream: the last event is an error, without `[DONE]`. Returns the error.
export function checkBrokenStream(raw) {
  const data = dataOf(raw);
  assert.ok(!raw.includes('[DONE]'), 'a failed stream has no [DONE]');
  assert.ok(!raw.includes('"finish_reason":"'), 'a failed stream has no finish reason');
  for (const line of data.slice(0, -1)) assert.ok(!('error' in JSON.parse(line)));
  return checkError(JSON.parse(data.at(-1)));
}

/// Checks the form of an error's body, and returns its content.
export function checkError(body) {
  assert.deepEqual(Object.keys(body), ['error'], JSON.stringify(body));
  assert.deepEqual(Object.keys(body.error).sort(), ['code', 'message', 'param', 'type']);
  assert.equal(typeof body.error.message, 'string');
  assert.notEqual(body.error.message, '');
  assert.equal(typeof body.error.type, 'string');
  assert.equal(typeof body.error.code, 'string');
  return body.error;
}

/// Checks that *response* is an error of that status and code, and returns it.
export async function expectError(response, status, code, type) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  assert.equal(response.headers.get('access-control-allow-origin'), '*');
  const error = checkError(JSON.parse(text));
  if (code) assert.equal(error.code, code, text);
  if (type) assert.equal(error.type, type, text);
  return error;
}

/// A plain connection; the test decides what is sent.
export class Connection {
  constructor(port) {
    this.text = '';
    this.closed = false;
    this.socket = net.connect({ port, host: '127.0.0.1' });
    this.socket.on('error', () => {});
    this.socket.on('close', () => (this.closed = true));
    this.opened = new Promise((done) => this.socket.once('connect', done));
  }

  /// Collects what arrives in `text`; otherwise only a first buffer is read.
  reading() {
    this.socket.setEncoding('utf8').on('data', (piece) => (this.text += piece));
    return this;
  }

  async send(bytes) {
    await this.opened;
    await new Promise((done) => this.socket.write(bytes, () => done()));
    return this;
  }

  seen(pattern) {
    return until(() => this.text.match(pattern), `no ${pattern} on a bare connection`);
  }

  end() {
    this.socket.destroy();
  }
}

/// A request as bytes.
export function rawRequest(method, path, body = '', headers = {}) {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const fields = {
    Host: 'localhost',
    ...(bytes.length ? { 'Content-Type': 'application/json', 'Content-Length': bytes.length } : {}),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), bytes]);
}

/// Starts `nekod-sim`. *scope* has an `after`: a test's context or node:test itself.
export async function simulator(scope, args = [], port = 0) {
  const sim = new Simulator('nekod-sim', ['--port', `${port}`, '--token', accountToken, ...args]);
  scope.after(() => sim.stop());
  return sim.listening();
}

/// Starts `nekod` with only these arguments.
export async function gateway(scope, args, options) {
  const nekod = new Gateway('nekod', args, options);
  scope.after(() => nekod.stop());
  return nekod.listening();
}

/// The arguments that point nekod at *sim*.
export const leadingTo = (sim) => [
  ...['--upstream', 'anuneko', '--anuneko-url', `${sim.url}/api/v1`],
  ...['--anuneko-token', accountToken, '--store', 'memory', '--port', '0'],
];

/// The arguments that point nekod at *sim* as an OpenAI-compatible server.
export const leadingToOpenai = (sim) => [
  ...['--upstream', 'openai', '--openai-url', `${sim.url}/v1`, '--openai-key', accountToken],
  ...['--store', 'memory', '--port', '0'],
];

/// Starts both. Stops nekod first.
/// @param options `leading`: how nekod is pointed at the simulator.
export async function pair(
  scope,
  { sim: simArgs = [], nekod: args = [], options, leading = leadingTo } = {},
) {
  const sim = new Simulator('nekod-sim', ['--port', '0', '--token', accountToken, ...simArgs]);
  let nekod;
  scope.after(async () => {
    try {
      await nekod?.stop();
    } finally {
      await sim.stop();
    }
  });
  await sim.listening();
  nekod = new Gateway('nekod', [...leading(sim), ...args], options);
  await nekod.listening();
  return { sim, nekod };
}

/// Runs nekod to its end and returns its exit code and its output.
export async function runToEnd(scope, args, options) {
  const nekod = new Gateway('nekod', args, options);
  scope.after(() => nekod.stop());
  const { code } = await nekod.ended();
  return { code, log: nekod.log };
}
