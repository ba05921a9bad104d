// Counts the instructions that nekod spends on a turn of a long conversation of the Responses API.
//
//   scripts/node bench/chain.mjs [TURNS...]    after so many turns, 10, 100 and 1000 by default
//
// For each kind of upstream a chain goes on by `previous_response_id`, and a conversation by its id; each turn has
// some 70 bytes of input, and the simulator answers with some 80 in 20 pieces. nekod runs under callgrind, with one
// thread and SQLite; the count is the mean of ten turns. The programs are in build/release, or in NEKOD_BIN_DIR.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const programs = resolve(process.env.NEKOD_BIN_DIR ?? 'build/release');
const counted = 10;
// All processors are to run the same code of the C library and of OpenSSL.
const env = {
  PATH: process.env.PATH,
  GLIBC_TUNABLES: 'glibc.cpu.hwcaps=-AVX2,-AVX,-AVX512F,-AVX512VL,-ERMS,-FSRM,-BMI2,-SSE4_2,-SSE4_1,-SSSE3',
  OPENSSL_ia32cap: '0:0',
};

/// Starts a server in the folder *cwd*. `port` is where it listens; `end` ends it, and resolves to its log.
function start(cwd, command, args) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  const ended = new Promise((done) => child.on('exit', () => done(log)));
  const port = new Promise((done, failed) => {
    const take = (bytes) => {
      log += bytes;
      const found = log.match(/listening on 127\.0\.0\.1:(\d+)/);
      if (found) done(Number(found[1]));
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('exit', () => failed(new Error(log)));
  });
  return { pid: child.pid, port, end: () => child.kill('SIGTERM') && ended };
}

/// Sends *body*, and resolves to the answer.
const post = (agent, port, path, body) =>
  new Promise((done, failed) => {
    const options = { port, path, method: 'POST', agent, headers: { 'Content-Type': 'application/json' } };
    const request = http.request(options, (response) => {
      let text = '';
      response.on('data', (bytes) => (text += bytes));
      response.on('end', () => (response.statusCode === 200 ? done(JSON.parse(text)) : failed(new Error(text))));
    });
    request.on('error', failed);
    request.end(JSON.stringify(body));
  });

/// The instructions of a turn after *turns* turns.
async function count(kind, way, turns) {
  const folder = mkdtempSync(join(tmpdir(), 'nekod-chain-'));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const servers = [];
  try {
    servers.push(start(folder, join(programs, 'nekod-sim'), ['--port', '0', '--tokens', '20']));
    const address = `http://127.0.0.1:${await servers[0].port}`;
    const leading = {
      anuneko: ['--anuneko-url', `${address}/api/v1`, '--anuneko-token', 't'],
      openai: ['--openai-url', `${address}/v1`, '--openai-key', 'k'],
    };
    const measured = ['--tool=callgrind', '--instr-atstart=no', '--callgrind-out-file=/dev/null'];
    const store = ['--port', '0', '--threads', '1', '--store', `sqlite:${join(folder, 'nekod.db')}`];
    const nekod = start(folder, 'valgrind', [...measured, join(programs, 'nekod'), ...store, '--upstream', kind, ...leading[kind]]);
    servers.push(nekod);
    const port = await nekod.port;
    const state = way === 'conversation' ? { conversation: (await post(agent, port, '/v1/conversations', {})).id } : {};
    const turn = async (n) => {
      const input = `Question number ${n}: what did you say before about the cats on the roof?`;
      const { id } = await post(agent, port, '/v1/responses', { ...state, input });
      if (way === 'previous') state.previous_response_id = id;
    };
    const switchTo = (word) => execFileSync('callgrind_control', ['-i', word, String(nekod.pid)], { stdio: 'ignore' });
    for (let n = 0; n < turns; n += 1) await turn(n);
    switchTo('on');
    for (let n = 0; n < counted; n += 1) await turn(turns + n);
    switchTo('off');
    agent.destroy();
    return Number((await servers.pop().end()).match(/Collected : (\d+)/)[1]) / counted;
  } finally {
    agent.destroy();
    for (const server of servers) await server.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

const depths = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 100, 1000];
for (const kind of ['anuneko', 'openai'])
  for (const way of ['previous', 'conversation'])
    for (const turns of depths)
      console.log(`${kind}, ${way}, after ${turns} turns: ${((await count(kind, way, turns)) / 1e6).toFixed(2)} M instructions a turn`);
