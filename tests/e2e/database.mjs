// A PostgreSQL server for tests: its own data in a temporary folder, on a free port of the loopback, without a
// password. It ends with this process.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/// The folder of Debian's server programs, the newest ones; undefined if there are none.
function programFolder() {
  const all = '/usr/lib/postgresql';
  const versions = existsSync(all) ? readdirSync(all) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a));
  return newest.map((version) => join(all, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
}

const bin = programFolder();

/// Why tests that need a database are skipped, or false.
export const noDatabase = bin ? false : 'there is no PostgreSQL server here';

/// The server refuses to run as root: then it runs as this user.
function serverUser() {
  if (process.getuid() !== 0) return undefined;
  const ids = (name) => {
    const found = spawnSync('getent', ['passwd', name], { encoding: 'utf8' }).stdout.split(':');
    return found.length > 3 ? { uid: Number(found[2]), gid: Number(found[3]) } : undefined;
  };
  return ids('postgres') ?? ids('nobody');
}

const pause = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/// A port that is free at this moment.
function freePort() {
  const script = "const s=require('net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})";
  return Number(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }));
}

/// A database server.
export class Database {
  #folder = mkdtempSync(join(tmpdir(), 'nekod-database-'));
  #user = serverUser();
  #names = new Map();
  #started = 0;
  #tls;

  /// @param options `durable`: whether what is committed survives a crash of the server; `tls`: paths of a certificate
  /// and its key; `primary`: the database that this one is a standby of.
  constructor({ durable = false, tls, primary } = {}) {
    this.durable = durable;
    if (this.#user) chownSync(this.#folder, this.#user.uid, this.#user.gid);
    chmodSync(this.#folder, 0o700);
    this.port = freePort();
    const data = ['-D', join(this.#folder, 'data'), '-U', 'nekod'];
    if (primary) {
      const from = ['-h', '127.0.0.1', '-p', `${primary.port}`, '-R', '-c', 'fast', '--no-sync'];
      execFileSync(join(bin, 'pg_basebackup'), [...data, ...from], { ...this.#asUser(), stdio: 'ignore' });
    } else {
      const form = ['-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
      execFileSync(join(bin, 'initdb'), [...data, ...form], { ...this.#asUser(), stdio: 'ignore' });
    }
    if (tls) this.#tls = { cert: this.#own(tls.cert), key: this.#own(tls.key) };
    process.once('exit', () => this.remove());
    this.start();
  }

  /// A copy of a file that only the server reads.
  #own(file) {
    const copy = join(this.#folder, basename(file));
    copyFileSync(file, copy);
    chmodSync(copy, 0o600);
    if (this.#user) chownSync(copy, this.#user.uid, this.#user.gid);
    return copy;
  }

  #asUser() {
    return { ...this.#user, cwd: '/' };
  }

  /// Starts the server, and waits until it answers.
  start() {
    const identity = this.#user
      ? ['--reuid', `${this.#user.uid}`, '--regid', `${this.#user.gid}`, '--clear-groups']
      : [];
    const settings = Object.entries({
      port: this.port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: 200,
      fsync: this.durable ? 'on' : 'off',
      log_min_messages: 'fatal',
      ...(this.#tls && { ssl: 'on', ssl_cert_file: this.#tls.cert, ssl_key_file: this.#tls.key }),
    }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const command = [join(bin, 'postgres'), '-D', join(this.#folder, 'data'), ...settings];
    this.process = spawn('setpriv', ['--pdeathsig', 'INT', ...identity, ...command], { cwd: '/', stdio: 'ignore' });
    this.process.unref();
    this.ended = new Promise((ended) => this.process.on('exit', ended));
    for (let i = 0; i < 600; ++i) {
      if (spawnSync(join(bin, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', `${this.port}`]).status === 0) return;
      pause(50);
    }
    throw new Error('the database server does not start');
  }

  /// Sends *signal* to each process of the server.
  signal(signal) {
    const all = spawnSync('pgrep', ['-P', `${this.process.pid}`], { encoding: 'utf8' }).stdout.split('\n');
    for (const pid of [this.process.pid, ...all.filter(Boolean).map(Number)])
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended meanwhile.
      }
  }

  /// Ends the server: `SIGINT` in order, `SIGQUIT` at once, as in a crash; or kills its processes.
  async stop(signal = 'SIGINT') {
    if (signal === 'SIGKILL') {
      this.signal(signal);
      rmSync(join(this.#folder, 'data/postmaster.pid'), { force: true });
    } else {
      this.process.kill(signal);
    }
    await this.ended;
  }

  /// Ends the server and deletes its data.
  remove() {
    try {
      process.kill(this.process.pid, 'SIGQUIT');
    } catch {
      // It has ended.
    }
    for (let i = 0; i < 100 && existsSync(join(this.#folder, 'data/postmaster.pid')); ++i) pause(20);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }

  /// Runs SQL, and returns what `psql` prints: rows of fields separated by `|`.
  sql(text, database = 'postgres') {
    const where = ['-h', '127.0.0.1', '-p', `${this.port}`, '-U', 'nekod', '-d', database];
    const args = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', ...where, '-c', text];
    return execFileSync('psql', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  }

  /// The URI of a database: of a new one, or of the one that was made for *key*.
  uri(key, port = this.port) {
    let name = key && this.#names.get(key);
    if (!name) {
      name = `test_${process.pid}_${++this.#started}`;
      this.sql(`CREATE DATABASE ${name}`);
      if (key) this.#names.set(key, name);
    }
    return `postgresql://nekod@127.0.0.1:${port}/${name}`;
  }

  /// The name of the database that was made for *key*.
  name(key) {
    return this.#names.get(key);
  }
}

let shared;

/// A server that all tests of this process share.
export function sharedDatabase() {
  shared ??= new Database();
  return shared;
}
