// The disk with the session file is full or read-only, or the file belongs to another program. Turns that could not
// be stored are not answered as if they were, and the session continues when there is room.

import assert from 'node:assert/strict';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import {
  checkBrokenStream,
  expectError,
  gateway,
  runToEnd,
  simulator,
  temporaryFolder,
  unique,
} from '../e2e/support.mjs';
import { checkQuiet, goesOn, upstreams } from './books.mjs';
import { alone, mayMount } from './mounts.mjs';

const skip = mayMount ? false : 'nobody but root may mount';

/// Fills *folder* completely; the returned function makes room again.
function fill(folder) {
  const file = join(folder, 'ballast');
  for (const size of [65536, 4096, 1])
    for (;;) {
      try {
        writeFileSync(file, Buffer.alloc(size, 1), { flag: 'a' });
      } catch (error) {
        assert.equal(error.code, 'ENOSPC');
        break;
      }
    }
  return () => rmSync(file);
}

for (const [kind, upstream] of Object.entries(upstreams)) {
  test(`${kind}: a full disk fails turns until there is room`, { skip }, async (t) => {
    const sim = await simulator(t);
    const folder = temporaryFolder(t);
    const store = ['--store', `sqlite:${join(folder, 'nekod.db')}`];
    const nekod = await gateway(t, [...upstream.leading(sim), ...store], {
      limits: alone([`mount -t tmpfs -o size=4m tmpfs ${folder}`]),
    });
    const id = unique('session');
    const said = [unique('first')];
    await nekod.ask(said[0], { session_id: id });
    const giveBack = fill(join(`/proc/${nekod.pid}/root`, folder));

    // Longer than the room that a file may still have inside.
    const lost = unique('lost');
    const long = { session_id: id, messages: [{ role: 'user', content: 'x'.repeat(60_000) + lost }] };
    await expectError(await nekod.post(long), 503, 'store_unavailable', 'server_error');
    const streamed = await nekod.post({ ...long, stream: true });
    if (streamed.status === 200) assert.equal(checkBrokenStream(await streamed.text()).code, 'store_unavailable');
    else await expectError(streamed, 503, 'store_unavailable', 'server_error');
    assert.equal((await fetch(`${nekod.url}/health/live`)).status, 200);

    giveBack();
    said.push(...(await goesOn(nekod, id)));
    await upstream.check(sim, said, 'nothing');
    await checkQuiet(sim);
  });

  test(`${kind}: a disk that may be read only is refused by name, and what it holds stays`, { skip }, async (t) => {
    const sim = await simulator(t);
    const folder = temporaryFolder(t);
    const file = join(folder, 'nekod.db');
    const args = [...upstream.leading(sim), '--store', `sqlite:${file}`];
    const id = unique('session');
    const first = unique('first');
    const before = await gateway(t, args);
    await before.ask(first, { session_id: id });
    before.kill();
    await before.ended();
    const { size, mtimeMs } = statSync(file);

    const readOnly = [`mount --bind ${folder} ${folder}`, `mount -o remount,bind,ro ${folder}`];
    const { code, log } = await runToEnd(t, args, { limits: alone(readOnly) });
    assert.ok(code > 0, log);
    assert.ok(log.includes(file), log);
    assert.deepEqual([statSync(file).size, statSync(file).mtimeMs], [size, mtimeMs]);

    const again = await gateway(t, args);
    await upstream.check(sim, [first, ...(await goesOn(again, id))], 'nothing');
    await checkQuiet(sim);
  });

  test(`${kind}: a file that another program holds is refused, and the other goes on`, async (t) => {
    const sim = await simulator(t);
    const args = [...upstream.leading(sim), '--store', `sqlite:${join(temporaryFolder(t), 'nekod.db')}`];
    const id = unique('session');
    const first = unique('first');
    const holder = await gateway(t, args);
    await holder.ask(first, { session_id: id });
    const { code, log } = await runToEnd(t, args);
    assert.ok(code > 0, log);
    assert.match(log, /another/);
    await upstream.check(sim, [first, ...(await goesOn(holder, id))], 'nothing');
    await checkQuiet(sim);
  });
}
