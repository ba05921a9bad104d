// Two nekods with one PostgreSQL database behind nginx, restarted one after the other while requests come. Ends with 1
// if a request failed.
//
//   scripts/node tests/cluster/rolling.mjs [REQUESTS_A_SECOND [ROUNDS [DRAIN_DELAY]]]      300 4 1 by default
//
// nginx is set up as in scripts/docker/cluster.nginx.conf. The requests are streams of 20 pieces in 0.2 s, in
// conversations of three turns. The programs are in build/release, or in NEKOD_BIN_DIR.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../e2e/database.mjs';
import { programs, until } from '../e2e/support.mjs';

const [rate, rounds, delay] = [300, 4, 1].map((usual, i) => Number(process.argv[2 + i] ?? usual));
/// Between two restarts. nginx leaves a node out for a second after it was refused.
const pause = 2500;

/// Paces the restarts; nothing is waited for by it.
const wait = (time) => new Promise((over) => setTimeout(over, time));

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/// Starts a program that says where it listens.
async function start(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  await new Promise((listens, fails) => {
    const read = (bytes) => {
      log += bytes;
      if (log.includes('listening on')) listens();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', () => fails(new Error(log)));
  });
  return child;
}

async function stop(child) {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function startBalancer(folder, port, nodes) {
  const site = readFileSync(new URL('../../scripts/docker/cluster.nginx.conf', import.meta.url), 'utf8')
    .replace('server one:8000', `server 127.0.0.1:${nodes[0]}`)
    .replace('server two:8000', `server 127.0.0.1:${nodes[1]}`)
    .replace('listen 8000', `listen 127.0.0.1:${port}`);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
  const settings = join(folder, 'nginx.conf');
  writeFileSync(
    settings,
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events { worker_connections 4096; }
     http { access_log off; ${paths.join(' ')} ${site} }`,
  );
  const child = spawn('nginx', ['-p', folder, '-c', settings], { stdio: 'inherit' });
  await until(() => fetch(`http://127.0.0.1:${port}/health`).then(({ ok }) => ok, () => false), 'nginx does not start');
  return child;
}

const folder = mkdtempSync(join(tmpdir(), 'nekod-rolling-'));
const database = new Database({ durable: true });
const [upstream, front, ...ports] = await Promise.all(Array.from({ length: 4 }, freePort));
const simulator = await start(join(programs, 'nekod-sim'), ['--port', upstream]);
const startNode = (port) =>
  start(join(programs, 'nekod'), [
    ...['--upstream', 'anuneko', '--anuneko-url', `http://127.0.0.1:${upstream}/api/v1`, '--anuneko-token', 'token'],
    ...['--port', port, '--store', database.uri('rolling'), '--drain-delay', delay],
  ]);
const nodes = [];
for (const port of ports) nodes.push(await startNode(port));
const balancer = await startBalancer(folder, front, ports);

const seconds = Math.ceil((2 * rounds * (pause + 1000 * (1.5 + 2 * delay))) / 1000);
const bench = spawn(
  join(programs, 'nekod-bench'),
  [
    ...[`http://127.0.0.1:${front}/v1`, '--rate', rate, '--duration', seconds, '--quiet', '--timeout', 60],
    ...['--stream', '--tokens', 20, '--delay', 10, '--turns', 3, '--continue', 'session'],
  ],
  { stdio: 'inherit' },
);
const ended = once(bench, 'exit');
for (let i = 0; i < 2 * rounds; ++i) {
  await wait(pause);
  await stop(nodes[i % 2]);
  nodes[i % 2] = await startNode(ports[i % 2]);
}
console.log(`${2 * rounds} restarts`);
const [status] = await ended;
for (const child of [balancer, ...nodes, simulator]) await stop(child);
console.log(readFileSync(join(folder, 'error.log'), 'utf8'));
rmSync(folder, { recursive: true });
process.exit(status === 0 ? 0 : 1);
