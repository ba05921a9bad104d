// Retries of turns that the upstream did not accept: which, how often, and when not.

import assert from 'node:assert/strict';
import test from 'node:test';
import { checkStream, expectError, leadingTo, leadingToOpenai, pair, unique, until } from './support.mjs';

const kinds = {
  anuneko: {
    leading: leadingTo,
    call: 'stream',
    /// How many times *text* was told, and how many times it was answered.
    async told(sim, text) {
      const messages = (await sim.chats()).flatMap((chat) => chat.messages).filter((m) => m.text.includes(text));
      return messages.length;
    },
  },
  openai: {
    leading: leadingToOpenai,
    call: 'completions',
    async told(sim, text) {
      const asked = (await sim.completions()).filter((c) => JSON.stringify(c.body.messages.at(-1)).includes(text));
      return asked.filter((c) => c.state !== 'refused').length;
    },
  },
};

const say = (nekod, text, fields = {}) => nekod.post({ messages: [{ role: 'user', content: text }], ...fields });

for (const [kind, { leading, call, told }] of Object.entries(kinds)) {
  const start = (t, ...args) => pair(t, { leading, nekod: ['--language', 'en', ...args] });

  const passing = {
    'a limit that tells its time': { status: 429, retry_after: 1 },
    'a limit that tells none': { status: 429 },
    'one 503': { status: 503 },
    ...(kind === 'openai' && { 'one 500': { status: 500 } }),
  };
  for (const [name, fault] of Object.entries(passing))
    test(`${kind}: ${name} passes unnoticed, and the message is told once`, async (t) => {
      const { sim, nekod } = await start(t);
      for (const stream of [false, true]) {
        const text = unique();
        await sim.fault({ call, kind: 'status', ...fault });
        if (stream) checkStream(await (await nekod.stream(text)).rest());
        else await nekod.ask(text);
        assert.equal(await told(sim, text), 1);
      }
      assert.equal(await nekod.total('nekod_upstream_retries_total'), 2);
      assert.equal((await sim.report()).violation_count, 0);
    });

  test(`${kind}: a lasting 503 is told after some tries, and the session goes on`, async (t) => {
    const { sim, nekod } = await start(t, '--circuit-failures', '0');
    const [id, first] = [unique('session'), unique()];
    await nekod.ask(first, { session_id: id });
    await sim.fault({ call, kind: 'status', status: 503, times: 100 });
    const calls = (await sim.report()).calls[call];
    await expectError(await say(nekod, unique('lost'), { session_id: id }), kind === 'openai' ? 503 : 502);
    assert.equal((await sim.report()).calls[call] - calls, 3);
    await sim.clearFaults();
    await nekod.ask(unique(), { session_id: id });
    assert.equal((await sim.report()).violation_count, 0);
  });

  test(`${kind}: an upstream that wants a longer rest is not waited for`, async (t) => {
    const { sim, nekod } = await start(t);
    await sim.fault({ call, kind: 'status', status: 429, retry_after: 11, times: 100 });
    const response = await say(nekod, unique());
    assert.equal(response.headers.get('retry-after'), '11');
    await expectError(response, 429);
    assert.equal((await sim.report()).calls[call], 1);
  });

  test(`${kind}: what may have been taken is not told again`, async (t) => {
    const { sim, nekod } = await start(t);
    const [lost, cut] = [unique('lost'), unique('cut')];
    await sim.fault({ call, kind: 'reset' });
    // A server that remembers nothing may be asked once more: after a reset it is not working on the request.
    if (kind === 'openai') await nekod.ask(lost);
    else await expectError(await say(nekod, lost), 502, 'upstream_error');
    await sim.fault({ call, kind: 'cut', after_events: 3 });
    await (await nekod.stream(cut)).rest();
    assert.ok((await told(sim, cut)) <= 1);
    assert.equal((await sim.report()).calls[call], kind === 'openai' ? 3 : 2);
  });

  test(`${kind}: whoever leaves while it waits is not asked for any more`, async (t) => {
    const { sim, nekod } = await start(t, '--retries', '1');
    const [id, text] = [unique('session'), unique()];
    await sim.fault({ call, kind: 'status', status: 429, retry_after: 2, times: 1 });
    const leaving = new AbortController();
    const left = nekod.post(
      { session_id: id, messages: [{ role: 'user', content: text }] },
      { signal: leaving.signal },
    );
    left.catch(() => {});
    await until(async () => (await nekod.total('nekod_upstream_retries_total')) === 1, 'it is not tried again');
    leaving.abort();
    // The session's next turn runs at once, and that one never does.
    await nekod.ask(unique(), { session_id: id });
    assert.equal(await told(sim, text), 0);
    assert.equal((await sim.report()).calls[call], 2);
  });

  test(`${kind}: an upstream that fails again and again is asked each time where nobody else is there`, async (t) => {
    const { sim, nekod } = await start(t, '--retries', '0', '--circuit-failures', '3', '--circuit-rest', '0.2');
    const page = { kind: 'status', status: 502, body: '<html>Bad gateway</html>', times: 1000 };
    for (const failing of [call, 'models', 'view']) await sim.fault({ call: failing, ...page }).catch(() => {});
    for (let i = 1; i <= 6; ++i) {
      await expectError(await say(nekod, unique()), 502, 'upstream_error');
      assert.equal((await sim.report()).calls[call], i);
    }
    const look = async () => (await fetch(`${nekod.url}/health/ready`)).json();
    const { reasons, upstreams } = await look();
    assert.deepEqual(reasons, ['upstream_unreachable']);
    assert.equal(upstreams[0].circuit, 'open');
    await sim.clearFaults();
    await until(async () => (await look()).upstreams[0].circuit === 'half_open', 'it is not probed');
    await nekod.ask(unique());
    assert.equal((await look()).upstreams[0].circuit, 'closed');
  });
}

test('anuneko: a chat that cannot be made is made later', async (t) => {
  const { sim, nekod } = await pair(t);
  await sim.fault({ call: 'chat', kind: 'status', status: 500 });
  await sim.fault({ call: 'select_model', kind: 'reset' });
  const text = unique();
  await nekod.ask(text);
  assert.equal(await kinds.anuneko.told(sim, text), 1);
  assert.equal((await sim.report()).violation_count, 0);
});
