// What nekod obeys for a text-only upstream: `stop`, `max_tokens` and `max_completion_tokens`, `n`.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { checkBrokenStream, checkStream, dataOf, expectError, gateway, leadingTo, pair, temporaryFolder, unique, until } from './support.mjs';

const { sim, nekod } = await pair({ after });
const ignored = 'x-ignored-parameters';

/// Changes settings of the simulator for one test.
async function simulate(t, settings) {
  await sim.settings(settings);
  t.after(() => sim.settings({ branches: 1, named_events: false }));
}

/// The pieces of the answer to *text* that the upstream sends to any new chat.
async function piecesOf(text) {
  const { chunks } = checkStream(await (await nekod.stream(text)).rest());
  return chunks.map((chunk) => chunk.choices[0].delta.content).filter(Boolean);
}

/// The choices of a stream that ended properly, by index, after checking the rules for several choices.
function choicesOf(raw, { usage = false } = {}) {
  const data = dataOf(raw);
  assert.equal(data.pop(), '[DONE]');
  assert.ok(!data.includes('[DONE]'));
  const chunks = data.map((line) => JSON.parse(line));
  for (const chunk of chunks) {
    assert.equal(chunk.object, 'chat.completion.chunk');
    assert.equal(chunk.id, chunks[0].id);
  }
  if (usage) {
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.equal(chunks.pop().usage.total_tokens, 0);
  }
  const choices = [];
  for (const chunk of chunks) {
    assert.equal(chunk.usage, usage ? null : undefined);
    assert.equal(chunk.choices.length, 1);
    const [{ index, delta, finish_reason }] = chunk.choices;
    const known = choices[index];
    if (!known) {
      assert.deepEqual([delta, finish_reason], [{ role: 'assistant', content: '' }, null]);
      choices[index] = { index, text: '', finish: null };
      continue;
    }
    assert.equal(known.finish, null, 'nothing comes behind a choice that ended');
    known.text += delta.content ?? '';
    known.finish = finish_reason;
  }
  return choices;
}

/// The choices of the answer to *text*, streamed or whole, and the response.
async function answers(text, fields, { stream, options = {}, gate = nekod } = {}) {
  const body = { messages: [{ role: 'user', content: text }], stream, ...fields };
  const response = await gate.post(body, options);
  const raw = await response.text();
  assert.equal(response.status, 200, raw);
  const choices = stream
    ? choicesOf(raw)
    : JSON.parse(raw).choices.map((c) => ({ index: c.index, text: c.message.content, finish: c.finish_reason }));
  return { choices, response, first: choices[0] };
}

const chatsWith = async (text) =>
  (await sim.chats()).filter((chat) => chat.messages.some((m) => m.text.includes(text)));

for (const stream of [true, false]) {
  const way = stream ? 'streamed' : 'whole';

  test(`a stop text ends an answer, though it lies across pieces, ${way}`, async () => {
    const text = unique('stop');
    const pieces = await piecesOf(text);
    const whole = pieces.join('');
    // From the middle of one piece to the middle of the next but one.
    const begin = pieces.slice(0, 10).join('').length + 1;
    const stop = whole.slice(begin, begin + pieces[10].length + pieces[11].length);
    const { first, response } = await answers(text, { stop }, { stream });
    assert.deepEqual(first, { index: 0, text: whole.slice(0, whole.indexOf(stop)), finish: 'stop' });
    assert.equal(response.headers.get(ignored), null);
  });

  test(`of several stop texts the one that begins first ends it, ${way}`, async () => {
    const text = unique('several');
    const whole = (await piecesOf(text)).join('');
    const stop = ['no such text', whole.slice(30, 34), whole.slice(28, 40), ''];
    const { first } = await answers(text, { stop }, { stream });
    const cut = Math.min(...stop.slice(1, 3).map((s) => whole.indexOf(s)));
    assert.equal(first.text, whole.slice(0, cut));
  });

  test(`a stop text of other characters than Latin, ${way}`, async () => {
    const text = unique('停下');
    const whole = (await piecesOf(text)).join('');
    const { first } = await answers(text, { stop: ['。'] }, { stream });
    assert.equal(first.text, whole.split('。')[0]);
    assert.ok(first.text.length > 0 && first.text.length < whole.length);
  });

  test(`the beginning of a stop text that does not go on is part of the answer, ${way}`, async () => {
    const text = unique('begin');
    const whole = (await piecesOf(text)).join('');
    const stop = [`${whole.slice(-5)}and more`, `${whole.slice(20, 30)}\u0000`];
    const { first } = await answers(text, { stop }, { stream });
    assert.deepEqual(first, { index: 0, text: whole, finish: 'stop' });
  });

  test(`max_tokens counts the upstream's pieces, ${way}`, async () => {
    const text = `[sim tokens=20] ${unique('max')}`;
    const pieces = await piecesOf(text);
    const few = { index: 0, text: pieces.slice(0, 7).join(''), finish: 'length' };
    for (const fields of [
      { max_tokens: 7 },
      { max_completion_tokens: 7 },
      { max_tokens: 7, max_completion_tokens: 9 },
      { max_tokens: 9, max_completion_tokens: 7 },
    ]) {
      const { first, response } = await answers(text, fields, { stream });
      assert.deepEqual(first, few);
      assert.equal(response.headers.get(ignored), null);
    }
    const all = { index: 0, text: pieces.join(''), finish: 'stop' };
    for (const max_tokens of [20, 21, null]) assert.deepEqual((await answers(text, { max_tokens }, { stream })).first, all);
  });

  test(`a stop text within the last piece wins over the length, ${way}`, async () => {
    const text = `[sim tokens=20] ${unique('both')}`;
    const pieces = await piecesOf(text);
    const upTo = (count) => pieces.slice(0, count).join('');
    // A number of pieces whose last character does not occur before.
    const count = [2, 3, 4, 5, 6, 7].find((n) => upTo(n).indexOf(upTo(n).at(-1)) === upTo(n).length - 1);
    const whole = upTo(count);
    const { first } = await answers(text, { max_tokens: count, stop: whole.at(-1) }, { stream });
    assert.deepEqual(first, { index: 0, text: whole.slice(0, -1), finish: 'stop' });
  });

  test(`an answer that is cut ends at once, also where the upstream's would be endless, ${way}`, async () => {
    const text = `[sim tokens=100000 delay=20] ${unique('endless')}`;
    const answered = await nekod.figure('nekod_turns_total{outcome="answered"}');
    const { first } = await answers(text, { max_tokens: 3 }, { stream });
    assert.equal(first.finish, 'length');
    await sim.quiet();
    assert.equal((await sim.chatWith(text)).messages[0].state, 'aborted');
    assert.equal(await nekod.figure('nekod_turns_total{outcome="answered"}'), answered + 1);
  });

  test(`the conversation goes on from what the client got, ${way}`, async () => {
    const text = unique('goes on');
    const whole = (await piecesOf(text)).join('');
    const stop = whole.slice(40, 50);
    const session_id = unique('named');
    const { first } = await answers(text, { stop, session_id }, { stream });
    const next = unique('next');
    const { first: second } = await answers(next, { session_id }, { stream });
    assert.ok(second.text.length > 0);
    const chat = await sim.chatWith(next);
    assert.equal(chat.messages.length, 1, 'a new chat');
    assert.ok(chat.messages[0].text.includes(first.text), 'that is told what the client got');
    assert.ok(!chat.messages[0].text.includes(stop), 'and no more');
    const third = unique('third');
    await answers(third, { session_id }, { stream });
    assert.equal((await sim.chatWith(third)).id, chat.id, 'which is gone on with');
  });

  test(`a client that tells the conversation back is recognised by what it got, ${way}`, async () => {
    const text = unique('told');
    const whole = (await piecesOf(text)).join('');
    const { first, response } = await answers(text, { stop: whole.slice(40, 50) }, { stream });
    const messages = [
      { role: 'user', content: text },
      { role: 'assistant', content: first.text },
      { role: 'user', content: unique('next') },
    ];
    const { response: again } = await answers('', { messages }, { stream });
    assert.equal(again.headers.get('x-session-match'), 'transcript');
    assert.equal(again.headers.get('x-session-id'), response.headers.get('x-session-id'));
  });

  for (const named_events of [true, false])
    test(`several answers are the upstream's alternatives, ${way}, named events ${named_events}`, async (t) => {
      await simulate(t, { branches: 3, named_events });
      const text = `[sim tokens=30] ${unique('n')}`;
      const { choices, response } = await answers(text, { n: 3 }, { stream });
      assert.deepEqual(choices.map((c) => c.index), [0, 1, 2]);
      assert.equal(new Set(choices.map((c) => c.text)).size, 3);
      for (const choice of choices) assert.equal(choice.finish, 'stop');
      assert.equal(response.headers.get(ignored), null);
      const chats = await chatsWith(text);
      assert.equal(chats.length, 1);
      assert.equal(chats[0].messages[0].reply, choices[0].text);
      await until(async () => (await chatsWith(text))[0].messages[0].choice === 0, 'the first is chosen');
    });

  test(`where the upstream has too few alternatives, further chats are told the same, ${way}`, async (t) => {
    await simulate(t, { branches: 2 });
    const text = `[sim tokens=30] ${unique('further')}`;
    const messages = [{ role: 'system', content: 'be brief' }, { role: 'user', content: text }];
    const session_id = unique('five');
    const { choices } = await answers('', { n: 5, messages, session_id }, { stream });
    assert.equal(choices.length, 5);
    for (const choice of choices) assert.ok(choice.text.length > 0 && choice.finish === 'stop');
    const chats = await chatsWith(text);
    assert.equal(chats.length, 3);
    assert.equal(new Set(chats.map((chat) => chat.messages[0].text)).size, 1);
    assert.ok(chats[0].messages[0].text.includes('be brief'));
    const next = unique('next');
    const { choices: one } = await answers(next, { session_id }, { stream });
    assert.equal(one.length, 1);
    const chat = await sim.chatWith(next);
    assert.equal(chat.messages.length, 2);
    assert.equal(chat.messages[0].reply, choices[0].text, 'the first is the one that counts');
  });

  test(`each of several answers is limited by itself, ${way}`, async () => {
    const text = `[sim tokens=20] ${unique('each')}`;
    const pieces = await piecesOf(text);
    const { choices } = await answers(text, { n: 2, max_tokens: 4 }, { stream });
    for (const choice of choices) {
      assert.equal(choice.text, pieces.slice(0, 4).join(''));
      assert.equal(choice.finish, 'length');
    }
    await sim.quiet();
  });

  test(`several answers are told again as they were, ${way}`, async (t) => {
    const store = ['--store', `sqlite:${join(temporaryFolder(t), 'sessions.db')}`];
    const text = `[sim tokens=30] ${unique('again')}`;
    const options = { headers: { 'Idempotency-Key': unique('key') } };
    const all = [];
    for (let i = 0; i < 2; ++i) {
      const gate = await gateway(t, [...leadingTo(sim), ...store]);
      for (let j = 0; j < 2; ++j) all.push(await answers(text, { n: 2, stop: ['zzz'], max_tokens: 9 }, { stream, options, gate }));
      await gate.stop();
    }
    for (const { choices, response } of all.slice(1)) {
      assert.deepEqual(choices, all[0].choices);
      assert.equal(response.headers.get('idempotent-replayed'), 'true');
    }
    assert.equal((await chatsWith(text)).length, 2);
  });

  test(`an answer that fails before any text fails the request for several, ${way}`, async () => {
    const text = `[sim tokens=100000 delay=20] ${unique('fails')}`;
    const failed = await nekod.figure('nekod_turns_total{outcome="failed"}');
    await sim.fault({ call: 'stream', kind: 'error_event', times: 1, after_events: 0, body: 'out_of_milk' });
    const body = { messages: [{ role: 'user', content: text }], n: 2, stream };
    await expectError(await nekod.post(body), 502, 'upstream_error');
    await sim.quiet();
    assert.equal(await nekod.figure('nekod_turns_total{outcome="failed"}'), failed + 2);
  });
}

test('the others are given up when a further answer fails', async () => {
  const text = `[sim tokens=100000 delay=20 first=500] ${unique('fails')}`;
  const asked = nekod.post({ messages: [{ role: 'user', content: text }], n: 3 });
  await sim.reached(text);
  await sim.fault({ call: 'stream', kind: 'error_event', times: 1, after_events: 0, body: 'out_of_milk' });
  await expectError(await asked, 502, 'upstream_error');
  await sim.quiet();
  // The third chat may not have started yet.
  assert.ok((await chatsWith(text)).length > 1);
});

test('one of several answers that fails later ends the stream with one error', async () => {
  const text = `[sim tokens=100000 delay=5] ${unique('fails later')}`;
  await sim.fault({ call: 'stream', kind: 'cut', times: 1, after_events: 20 });
  const session_id = unique('named');
  const stream = await nekod.stream(text, { n: 2, session_id });
  const error = checkBrokenStream(await stream.rest());
  assert.equal(error.code, 'upstream_error');
  await sim.quiet();
  const next = unique('next');
  await nekod.ask(next, { session_id });
  const chat = await sim.chatWith(next);
  assert.equal(chat.messages.length, 1, 'a new chat');
  assert.ok(!chat.messages[0].text.includes(text), 'that hears nothing of a turn that failed');
});

test('a client that leaves takes all of its answers along', async () => {
  const text = `[sim tokens=100000 delay=5] ${unique('leaves')}`;
  const cancelled = await nekod.figure('nekod_turns_total{outcome="cancelled"}');
  const stream = await nekod.stream(text, { n: 3 });
  await stream.started();
  stream.leave();
  await sim.quiet();
  assert.equal(await nekod.figure('nekod_turns_total{outcome="cancelled"}'), cancelled + 3);
});

test('several streamed answers may end in their usage', async () => {
  const stream = await nekod.stream(unique('usage'), { n: 2, stream_options: { include_usage: true } });
  const choices = choicesOf(await stream.rest(), { usage: true });
  assert.deepEqual(choices.map((c) => c.finish), ['stop', 'stop']);
});

test('more answers than the upstream can give are refused by name', async () => {
  for (const n of [9, 128]) {
    const error = await expectError(await nekod.post({ messages: [{ role: 'user', content: 'hi' }], n }), 400, 'unsupported_parameter');
    assert.equal(error.param, 'n');
    assert.match(error.message, /at most 8/);
  }
  const { choices } = await answers(unique('eight'), { n: 8, max_tokens: 1 });
  assert.equal(choices.length, 8);
});

test('each of several answers counts against the limit of chats', async (t) => {
  const gate = await gateway(t, [...leadingTo(sim), '--chat-rate-limit', '5 per hour']);
  const ask = (n) => gate.post({ messages: [{ role: 'user', content: unique('limit') }], n });
  assert.equal((await ask(3)).status, 200);
  const refused = await ask(3);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  await expectError(refused, 429, 'rate_limit_exceeded');
  assert.equal((await ask(2)).status, 200, 'what was refused is not counted');
  const never = await expectError(await ask(6), 429);
  assert.equal(never.code, 'rate_limit_exceeded', 'the first turn is past the limit already');
});

test('more answers than the limit of chats ever allows are refused for good', async (t) => {
  const gate = await gateway(t, [...leadingTo(sim), '--chat-rate-limit', '5 per hour']);
  const body = { messages: [{ role: 'user', content: unique('never') }], n: 6 };
  const error = await expectError(await gate.post(body), 400, 'invalid_value');
  assert.equal(error.param, 'n');
  assert.equal((await gate.post({ ...body, n: 5 })).status, 200);
});

test('what is obeyed is not named as ignored, and other parameters are', async () => {
  const fields = { stop: ['END'], max_tokens: 900, max_completion_tokens: 900, n: 2, temperature: 0.5 };
  const { response } = await answers(unique('named'), fields);
  assert.equal(response.headers.get(ignored), 'temperature');
});

test('parameters that ask for nothing change nothing', async () => {
  const text = `[sim tokens=9] ${unique('nothing')}`;
  const whole = (await piecesOf(text)).join('');
  for (const fields of [{ stop: null, n: null, max_tokens: null }, { n: 1, stop: [] }, { stop: '' }, { stop: ['', ''] }]) {
    const { choices, response } = await answers(text, fields);
    assert.deepEqual(choices, [{ index: 0, text: whole, finish: 'stop' }]);
    assert.equal(response.headers.get(ignored), null);
  }
});

test('the simulator saw no wrong use', async () => {
  const report = await sim.quiet();
  assert.deepEqual(report.violations, []);
});
