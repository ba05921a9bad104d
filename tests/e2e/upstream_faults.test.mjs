// An upstream that fails in every way: each failure has its answer, and the session continues afterwards.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import {
  checkBrokenStream,
  checkStream,
  expectError,
  gateway,
  leadingTo,
  pair,
  unique,
} from './support.mjs';

const { sim, nekod } = await pair({ after });
const hasty = await gateway({ after }, [...leadingTo(sim), '--request-timeout', '1']);

const ask = (gate, id, text, fields = {}) =>
  gate.post({ session_id: id, messages: [{ role: 'user', content: text }], ...fields });

/// The session answers a whole and a streamed turn again.
async function recovered(gate, id) {
  await sim.clearFaults();
  const [one, two] = [unique('recovered'), unique('recovered')];
  assert.ok((await gate.ask(one, { session_id: id })).text.includes(one));
  const stream = await gate.stream(two, { session_id: id });
  assert.ok(checkStream(await stream.rest()).text.includes(two));
}

// Failures before the first piece of text: a status, whole or streamed.
const early = {
  'status 500': [{ kind: 'status', status: 500 }, 502, 'upstream_error', 'server_error'],
  'one status 500': [{ kind: 'status', status: 500, times: 1 }, 502, 'upstream_error', 'server_error'],
  'status 503': [{ kind: 'status', status: 503 }, 502, 'upstream_error', 'server_error'],
  'a reset connection': [{ kind: 'reset' }, 502, 'upstream_error', 'server_error'],
  silence: [{ kind: 'silent' }, 504, 'upstream_timeout', 'server_error'],
  'an error event': [{ kind: 'error_event' }, 502, 'upstream_error', 'server_error'],
  'a bare line of JSON with an error': [{ kind: 'error_line' }, 502, 'upstream_error', 'server_error'],
  'a page of HTML': [{ kind: 'html' }, 502, 'upstream_error', 'server_error'],
  'a reply cut at its start': [{ kind: 'cut' }, 502, 'upstream_error', 'server_error'],
  'a reply that stalls at its start': [{ kind: 'stall' }, 504, 'upstream_timeout', 'server_error'],
  'a refused token': [{ kind: 'status', status: 401 }, 502, 'upstream_auth_failed', 'authentication_error'],
  'a forbidden account': [{ kind: 'status', status: 403 }, 502, 'upstream_auth_failed', 'authentication_error'],
};

for (const [name, [fault, status, code, type]] of Object.entries(early)) {
  for (const stream of [false, true]) {
    test(`${name}, ${stream ? 'streamed' : 'whole'}: ${status} ${code}`, async () => {
      const id = unique('session');
      await hasty.ask(unique('first'), { session_id: id });
      await sim.fault({ call: 'stream', times: 100, ...fault });
      const response = await ask(hasty, id, unique('lost'), { stream });
      await expectError(response, status, code, type);
      await recovered(hasty, id);
    });
  }
}

for (const stream of [false, true]) {
  test(`a first piece that is too late is no part of what follows, ${stream ? 'streamed' : 'whole'}`, async () => {
    const [id, text] = [unique('session'), unique('late')];
    await hasty.ask(unique('first'), { session_id: id });
    const response = await ask(hasty, id, `[sim first=1500 tokens=5] ${text}`, { stream });
    await expectError(response, 504, 'upstream_timeout', 'server_error');
    await recovered(hasty, id);
    const { messages } = await sim.chatWith(text);
    assert.equal(messages.find((message) => message.text.includes(text)).state, 'aborted');
  });
}

// Failures in the middle: one error event, then the end of the connection.
const late = {
  'a reply cut in the middle': [{ kind: 'cut' }, 'upstream_error'],
  'a reply that stalls in the middle': [{ kind: 'stall' }, 'upstream_timeout'],
  'an error event in the middle': [{ kind: 'error_event' }, 'upstream_error'],
  'a bare line of JSON in the middle': [{ kind: 'error_line' }, 'upstream_error'],
};

for (const [name, [fault, code]] of Object.entries(late)) {
  test(`${name} ends a stream with ${code}`, async () => {
    const id = unique('session');
    await hasty.ask(unique('first'), { session_id: id });
    await sim.fault({ call: 'stream', times: 1, after_events: 6, ...fault });
    const stream = await hasty.stream(`[sim tokens=50] ${unique('lost')}`, { session_id: id });
    assert.equal(stream.response.status, 200);
    const error = checkBrokenStream(await stream.rest());
    assert.equal(error.code, code);
    assert.equal(error.type, 'server_error');
    assert.match(stream.raw, /"delta":\{"content":"[^"]/, 'what came before was passed on');
    await recovered(hasty, id);
  });

  test(`${name} fails a whole answer, with nothing of it kept`, async () => {
    const id = unique('session');
    await sim.fault({ call: 'stream', times: 1, after_events: 6, ...fault });
    const response = await ask(hasty, id, `[sim tokens=50] ${unique('lost')}`);
    await expectError(response, code === 'upstream_timeout' ? 504 : 502, code, 'server_error');
    await recovered(hasty, id);
  });
}

for (const reason of ['content_filter', 'length']) {
  test(`an answer that ended by ${reason} says so, and is part of the conversation`, async () => {
    await sim.settings({ named_events: true });
    try {
      const [id, text] = [unique('session'), unique()];
      const { json } = await nekod.ask(`[sim finish=${reason} tokens=5] ${text}`, { session_id: id });
      assert.equal(json.choices[0].finish_reason, reason);
      const stream = await nekod.stream(`[sim finish=${reason} tokens=5] ${unique()}`, { session_id: id });
      assert.match(await stream.rest(), new RegExp(`"finish_reason":"${reason}"`));
      await recovered(nekod, id);
      assert.equal((await sim.chatWith(text)).messages.length, 4);
    } finally {
      await sim.settings({ named_events: false });
    }
  });
}

for (const kind of ['garbage', 'truncated_utf8']) {
  test(`events that nobody understands are skipped: ${kind}`, async () => {
    const [id, text] = [unique('session'), unique()];
    await sim.fault({ call: 'stream', kind, times: 1, after_events: 3 });
    const stream = await nekod.stream(`[sim tokens=20] ${text}`, { session_id: id });
    const answer = checkStream(await stream.rest());
    assert.equal(answer.text, (await sim.chatWith(text)).messages[0].reply);
    await recovered(nekod, id);
  });
}

test('a character that comes in halves is told whole', async () => {
  for (const stream of [true, false]) {
    const [id, text] = [unique('session'), unique()];
    await sim.fault({ call: 'stream', kind: 'halved_character', after_events: 3 });
    const body = { session_id: id, messages: [{ role: 'user', content: `[sim tokens=20] ${text}` }], stream };
    const raw = await (await nekod.post(body)).text();
    const told = stream ? checkStream(raw).text : JSON.parse(raw).choices[0].message.content;
    assert.match(told, /purr 😺 /);
    assert.equal(told.replace('purr 😺 ', ''), (await sim.chatWith(text)).messages[0].reply);
    await recovered(nekod, id);
  }
});

test('a message whose pooled connection died is not sent again', async (t) => {
  const single = await gateway(t, [...leadingTo(sim), '--threads', '1']);
  const id = unique('session');
  await single.ask(unique('first'), { session_id: id });
  const before = (await sim.report()).calls.stream;
  await sim.fault({ call: 'stream', kind: 'reset', times: 1 });
  const response = await ask(single, id, unique('lost'));
  await expectError(response, 502, 'upstream_error', 'server_error');
  assert.equal((await sim.report()).calls.stream, before + 1);
  await recovered(single, id);
});

for (const wait of [undefined, 2]) {
  for (const stream of [false, true]) {
    const how = `${wait ? 'with' : 'without'} a time to wait, ${stream ? 'streamed' : 'whole'}`;
    test(`too many calls upstream are told as such, ${how}`, async () => {
      const id = unique('session');
      await nekod.ask(unique(), { session_id: id });
      await sim.fault({ call: 'stream', kind: 'status', status: 429, retry_after: wait, times: 100 });
      const response = await ask(nekod, id, unique(), { stream });
      assert.equal(response.headers.get('retry-after'), wait ? `${wait}` : null);
      // A retry is allowed: the upstream did not accept the message.
      assert.equal(response.headers.get('x-should-retry'), null);
      await expectError(response, 429, 'rate_limit_exceeded', 'rate_limit_error');
      await recovered(nekod, id);
    });
  }
}

test('a chat that cannot be made fails the turn, and the next one makes it', async () => {
  for (const fault of [{ kind: 'status', status: 500 }, { kind: 'reset' }, { kind: 'html' }]) {
    const id = unique('session');
    await sim.fault({ call: 'chat', times: 100, ...fault });
    await expectError(await ask(nekod, id, unique()), 502, 'upstream_error', 'server_error');
    await recovered(nekod, id);
  }
});

test('a model that cannot be switched fails the turn, and the next one switches it', async () => {
  const id = unique('session');
  const text = unique();
  await nekod.ask(text, { session_id: id });
  await sim.fault({ call: 'select_model', kind: 'status', status: 500, times: 100 });
  const response = await ask(nekod, id, unique(), { model: 'mihoyo-exotic_shorthair' });
  await expectError(response, 502, 'upstream_error', 'server_error');
  await sim.clearFaults();
  await nekod.ask(unique(), { session_id: id, model: 'mihoyo-exotic_shorthair' });
  assert.equal((await sim.chatWith(text)).model, 'Exotic Shorthair');
});

test('a choice that failed is made before the next message', async () => {
  const id = unique('session');
  await sim.fault({ call: 'select_choice', kind: 'status', status: 500, times: 1 });
  await ask(nekod, id, unique()).then((response) => response.text());
  await recovered(nekod, id);
  assert.equal((await sim.report()).violation_count, 0);
});

test('what the upstream may have taken without a word is not told to the same chat twice', async () => {
  for (const kind of ['silent', 'stall', 'cut']) {
    const [id, first, text] = [unique('session'), unique('first'), unique('doubtful')];
    await hasty.ask(first, { session_id: id });
    await sim.fault({ call: 'stream', kind, after_events: 0 });
    const failed = await ask(hasty, id, text);
    assert.ok([502, 504].includes(failed.status), `${failed.status}`);
    await failed.text();
    assert.ok((await hasty.ask(text, { session_id: id })).text.includes(text));
    for (const chat of await sim.chats())
      assert.ok(chat.messages.filter((m) => m.text.endsWith(text)).length <= 1, kind);
    const heard = (await sim.chats()).filter((chat) => chat.messages.some((m) => m.text.endsWith(text)));
    assert.equal(heard.length, 2);
    for (const chat of heard) assert.ok(chat.messages[0].text.includes(first), 'the new chat was told what came before');
  }
});

test('a wrong token is told as such, and never told itself', async (t) => {
  const other = await gateway(t, [
    ...leadingTo(sim).filter((arg) => arg !== 'secret-token' && arg !== '--anuneko-token'),
    ...['--anuneko-token', 'wrong-token'],
  ]);
  const response = await ask(other, unique(), unique());
  const error = await expectError(response, 502, 'upstream_auth_failed', 'authentication_error');
  assert.ok(!JSON.stringify(error).includes('wrong-token'));
  await other.logged(/ POST .* error=upstream_auth_failed/);
  assert.ok(!other.log.includes('wrong-token'));
});

test('an upstream that is not there is a 502', async (t) => {
  const gone = await pair(t, { nekod: ['--loading-wait', '0'] });
  gone.sim.kill('SIGKILL');
  await gone.sim.exited;
  const response = await ask(gone.nekod, unique(), unique());
  await expectError(response, 502, 'upstream_error', 'server_error');
});

test('an upstream that comes back is used again', async (t) => {
  const id = unique('session');
  const { sim: weak, nekod: steady } = await pair(t);
  await steady.ask(unique(), { session_id: id });
  await weak.reset();
  // The upstream chat is gone: this turn may fail, the next one must not.
  await ask(steady, id, unique()).then((response) => response.text());
  await steady.ask(unique(), { session_id: id });
});
