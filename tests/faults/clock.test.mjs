// The system's clock is set, back and ahead, while nekod runs: limits follow the monotonic clock, nothing hangs,
// and no recently used session is lost.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import {
  checkBrokenStream,
  checkStream,
  gateway,
  programs,
  sanitized,
  simulator,
  temporaryFolder,
  unique,
} from '../e2e/support.mjs';
import { checkQuiet, goesOn, upstreams } from './books.mjs';

const library = join(programs, 'tests', 'libnekod_set_clock.so');
const skip = sanitized;

for (const [kind, upstream] of Object.entries(upstreams))
  test(`${kind}: a clock that is set changes no limit and loses no session`, { skip }, async (t) => {
    const sim = await simulator(t);
    const clock = join(temporaryFolder(t), 'clock');
    const set = (seconds) => writeFileSync(clock, `${seconds}\n`);
    set(0);
    const store = ['--store', `sqlite:${join(temporaryFolder(t), 'nekod.db')}`];
    const limits = ['--request-timeout', '1', '--session-idle', '0.2', '--session-ttl', '7200'];
    const nekod = await gateway(t, [...upstream.leading(sim), ...store, ...limits], {
      env: { LD_PRELOAD: library, NEKOD_TEST_CLOCK: clock },
    });
    const created = async () => {
      const { sessions } = await (await fetch(`${nekod.url}/sessions`)).json();
      return sessions.map((session) => session.created_at.slice(0, 10));
    };
    const today = new Date().toISOString().slice(0, 10);
    const id = unique('session');
    const said = await goesOn(nekod, id);
    assert.deepEqual(await created(), [today]);

    for (const seconds of [-30 * 86400, 3600, -3600]) {
      // In the middle of a stream, which continues.
      const during = unique('during');
      const stream = await nekod.stream(`[sim tokens=40 delay=10] ${during}`, { session_id: id });
      await stream.started();
      set(seconds);
      checkStream(await stream.rest());
      const { timestamp } = await (await fetch(`${nekod.url}/health`)).json();
      assert.ok(Math.abs(Date.parse(`${timestamp}Z`) - Date.now() - seconds * 1000) < 600_000, timestamp);
      said.push(`[sim tokens=40 delay=10] ${during}`, ...(await goesOn(nekod, id)));
      await upstream.check(sim, said, 'nothing');
      assert.deepEqual(await created(), [today], 'it is the same session');

      const [call, lost] = [kind === 'openai' ? 'completions' : 'stream', unique('lost')];
      await sim.fault({ call, kind: 'stall', times: 1, after_events: 5 });
      const silent = await nekod.stream(`[sim tokens=50] ${lost}`, { session_id: id });
      assert.equal(checkBrokenStream(await silent.rest()).code, 'upstream_timeout');
      said.push(...(await goesOn(nekod, id)));
      await upstream.check(sim, said, lost);
    }
    await checkQuiet(sim);
  });
