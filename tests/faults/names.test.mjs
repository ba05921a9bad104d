// The upstream's name cannot be resolved because a name server fails: the answer comes within its limit, and the
// session continues once there is an address.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { expectError, gateway, simulator, temporaryFolder, unique } from '../e2e/support.mjs';
import { checkQuiet, goesOn, once, upstreams } from './books.mjs';
import { alone, mayMount } from './mounts.mjs';

const address = '127.9.83.1';
const skip = mayMount ? false : 'nobody but root may give a program another name server';

/// A name server with one address for all names, while it is `willing`; otherwise it `says` no, or nothing.
async function nameServer(scope) {
  const socket = dgram.createSocket('udp4');
  const server = { says: 'nothing', asked: 0 };
  socket.on('message', (question, peer) => {
    server.asked += 1;
    if (server.says === 'nothing') return;
    const isAddress = server.says === 'address' && question.readUInt16BE(question.indexOf(0, 12) + 1) === 1;
    const end = question.indexOf(0, 12) + 5;
    const head = Buffer.from(question.subarray(0, 12));
    head.writeUInt16BE(server.says === 'no' ? 0x8183 : 0x8180, 2);
    head.writeUInt16BE(isAddress ? 1 : 0, 6);
    head.fill(0, 8);
    // The name in the question, IPv4, the time to live, four bytes.
    const answer = isAddress ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]) : Buffer.alloc(0);
    socket.send(Buffer.concat([head, question.subarray(12, end), answer]), peer.port, peer.address);
  });
  await new Promise((bound, failed) => socket.once('error', failed).bind(53, address, bound));
  scope.after(() => socket.close());
  return server;
}

for (const [kind, upstream] of Object.entries(upstreams))
  test(`${kind}: a name that nobody knows, or that nobody asked answers for`, { skip }, async (t) => {
    const names = await nameServer(t);
    const sim = await simulator(t);
    const file = join(temporaryFolder(t), 'resolv.conf');
    writeFileSync(file, `nameserver ${address}\noptions timeout:1 attempts:1\n`);
    const limits = ['--loading-wait', '0', '--connect-timeout', '1', '--request-timeout', '2', '--answer-timeout', '5'];
    const nekod = await gateway(
      t,
      [...upstream.leading({ url: `http://upstream.test:${sim.port}` }), ...limits, ...once, '--threads', '1'],
      { limits: alone([`mount --bind ${file} /etc/resolv.conf`]) },
    );
    const id = unique('session');
    const lost = unique('lost');
    const fails = async (...expected) => {
      for (const stream of [false, true]) {
        const messages = [{ role: 'user', content: lost }];
        const body = { model: 'Orange Cat', session_id: id, stream, messages };
        await expectError(await nekod.post(body), ...expected);
      }
      assert.ok(names.asked > 0, 'the server is asked');
    };
    await fails(504, 'upstream_timeout', 'server_error');
    names.says = 'no';
    await fails(502, 'upstream_error', 'server_error');
    names.says = 'address';
    const said = await goesOn(nekod, id);
    await upstream.check(sim, said, lost);
    // Existing connections stay; each thread has its own.
    names.says = 'no';
    await upstream.check(sim, [...said, ...(await goesOn(nekod, id))], lost);
    await checkQuiet(sim);
  });
