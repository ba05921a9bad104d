// A TCP relay to one port of this machine, which can be told to fail.

import net from 'node:net';

/// What a gate does to the bytes in one direction, from a given place on:
///   `late`      delays each piece by *ms*
///   `slice`     sends the first 4000 bytes of a connection one by one
///   `stall`     passes nothing any more, and keeps the connection; the sender's bytes are not read
///   `corrupt`   changes each byte
///   `cut`       closes the connection in both directions
///   `reset`     the same with a reset
const harmless = ['late', 'slice'];
const sliced = 4000;

// Node 20 waits at its end for a socket that was reset during a write, and never exits. So it is told to exit
// once nothing is left to do, which is at the second event: the first one is for the test runner.
let idle = 0;
process.on('beforeExit', () => {
  if (++idle > 1) process.exit();
  setImmediate(() => {});
});

class Gate {
  /// The failure and its place: `what`; `towards`, the 'client' or the 'server', or both if it is missing; the
  /// place: `seen`, a text in the bytes to the server, and then `after` bytes in the direction concerned. Without
  /// `seen` it is the beginning of each connection.
  plan;
  /// How many times it happened.
  struck = 0;
  #server;
  #connections = new Set();

  constructor(port) {
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const server = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
      const connection = new Connection(this, client, server);
      this.#connections.add(connection);
      client.once('close', () => this.#connections.delete(connection));
    });
  }

  async open(port = 0) {
    await new Promise((opened) => this.#server.listen(port, '127.0.0.1', opened));
    this.port = this.#server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    return this;
  }

  /// Accepts no more connections and closes the open ones.
  async close() {
    const closed = new Promise((done) => this.#server.close(done));
    for (const connection of this.#connections) connection.end(true);
    await closed;
  }

  /// From now on everything passes unchanged; affected connections are closed.
  heal() {
    this.plan = undefined;
    this.struck = 0;
    for (const connection of this.#connections) if (connection.harmed) connection.end(true);
  }
}

class Connection {
  harmed = false;
  #sockets;

  constructor(gate, client, server) {
    this.#sockets = [client, server];
    this.sent = '';
    const ways = [new Way(this, gate, 'server', client, server), new Way(this, gate, 'client', server, client)];
    for (const socket of this.#sockets) {
      socket.on('error', () => {});
      socket.on('close', () => this.end(false));
    }
    /// Whether the client has sent the text in *plan*.
    this.armed = (plan) => {
      if (!plan.seen) return true;
      if (!this.sent.includes(plan.seen)) return false;
      for (const way of ways) way.arm(plan);
      return true;
    };
  }

  end(harsh) {
    for (const socket of this.#sockets) {
      if (harsh && !socket.connecting) socket.resetAndDestroy();
      else socket.destroy();
    }
  }
}

/// One direction of a connection.
class Way {
  #queue = Promise.resolve();
  #passed = 0;
  #plan;

  constructor(connection, gate, towards, from, to) {
    Object.assign(this, { connection, gate, towards, from, to });
    from.on('data', (bytes) => this.#take(bytes));
    from.on('end', () => (this.#queue = this.#queue.then(() => to.end())));
  }

  /// Starts counting here.
  arm(plan) {
    if (this.#plan === plan) return;
    this.#plan = plan;
    this.#passed = 0;
  }

  #take(bytes) {
    if (this.towards === 'server') this.connection.sent = (this.connection.sent + bytes.toString('latin1')).slice(-65536);
    const { plan } = this.gate;
    const meant = plan && (!plan.towards || plan.towards === this.towards) && this.connection.armed(plan);
    if (!meant) return this.#pass(bytes);
    const begin = Math.min(bytes.length, Math.max(0, (plan.after ?? 0) - this.#passed));
    this.#passed += bytes.length;
    if (begin > 0) this.#pass(bytes.subarray(0, begin));
    if (begin < bytes.length) this.#strike(plan, bytes.subarray(begin));
  }

  #strike(plan, bytes) {
    this.gate.struck += 1;
    if (!harmless.includes(plan.what)) this.connection.harmed = true;
    if (plan.what === 'stall') this.from.pause();
    else if (plan.what === 'slice') this.#slice(bytes);
    else if (plan.what === 'late') this.#pass(bytes, plan.ms);
    else if (plan.what === 'corrupt') this.#pass(bytes.map((byte) => byte ^ 0x80));
    else this.#queue = this.#queue.then(() => this.#close(plan.what));
  }

  #slice(bytes) {
    if (this.#passed > sliced) this.#pass(bytes);
    else for (const byte of bytes) this.#pass(Buffer.of(byte), 0);
  }

  #close(what) {
    if (what === 'reset') return this.connection.end(true);
    // What has been passed on arrives first.
    this.to.end();
    this.from.destroy();
  }

  /// Passes *bytes* on in order, and no faster than they are read.
  #pass(bytes, ms) {
    this.from.pause();
    this.#queue = this.#queue.then(async () => {
      if (ms !== undefined) await new Promise((wake) => (ms ? setTimeout(wake, ms) : setImmediate(wake)));
      if (!this.to.writable) return;
      if (!this.to.write(bytes)) await new Promise((wake) => this.to.once('drain', wake).once('close', wake));
      if (!(this.gate.plan?.what === 'stall' && this.connection.harmed)) this.from.resume();
    });
  }
}

/// Opens a relay to *port*, which closes with the test.
export async function openGate(scope, port) {
  const gate = new Gate(port);
  scope.after(() => gate.close().catch(() => {}));
  return gate.open();
}
