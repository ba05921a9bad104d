// Other people's programs, started by a test as its own.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './support.mjs';

/// Debian puts servers here, which is not in every user's path.
export const path = `${process.env.PATH}:/usr/sbin:/sbin`;

/// A folder with these *files*, by name, which is deleted when *scope* ends.
export function folder(scope, files = {}) {
  const home = mkdtempSync(join(tmpdir(), 'nekod-e2e-'));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(home, file), text);
  scope.after(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

/// A running program. Ends with its test, and also if this process is killed.
export class Foreign {
  constructor(scope, command, { env = {}, cwd } = {}) {
    /// Its output, from both streams.
    this.said = '';
    this.name = command[0];
    this.process = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
      cwd,
      env: { PATH: path, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const collect = (bytes) => (this.said += bytes);
    this.process.stdout.setEncoding('utf8').on('data', collect);
    this.process.stderr.setEncoding('utf8').on('data', collect);
    this.exited = new Promise((ended) => {
      this.process.on('error', (error) => ended(String(error)));
      this.process.on('close', (code, signal) => ended(signal ?? `code ${code}`));
    }).then((how) => (this.status = how));
    scope.after(() => this.stop());
  }

  async seen(pattern) {
    await until(() => pattern.test(this.said) || this.status, `${this.name} does not say ${pattern}`);
    return this.said.match(pattern);
  }

  async stop(signal = 'SIGTERM') {
    if (!this.status) this.process.kill(signal);
    return until(() => this.status, `${this.name} does not end:\n${this.said}`);
  }
}

/// A port that is free at the moment, for programs that cannot pick one themselves.
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((open) => server.once('listening', open));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/// Whether a server accepts connections there.
export const reachable = (port) =>
  new Promise((told) => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => told(true)).once('error', () => told(false));
    socket.once('connect', () => socket.destroy());
  });

/// Starts a server on a free port. *start* gets a port and returns its `Foreign`; it is called again if somebody
/// took the port meanwhile. *log* returns the server's output.
/// @returns the port.
export async function onFreePort(start, log = (program) => program.said) {
  for (let attempt = 1; ; ++attempt) {
    const port = await freePort();
    const program = start(port);
    await until(async () => program.status || (await reachable(port)), `no ${program.name}`);
    if (!program.status) return port;
    if (attempt === 3 || !/ddress already in use/.test(log(program)))
      throw new Error(`${program.name}: ${program.status}\n${log(program)}`);
  }
}
