// What a chat completion looks like on the wire, whole and streamed.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { checkStream, pair, unique } from './support.mjs';

const { sim, nekod } = await pair({ after });

test('a whole answer has the shape of a chat completion', async () => {
  const text = unique('你好');
  const { response, json } = await nekod.ask(text);
  assert.match(response.headers.get('content-type'), /^application\/json/);
  assert.match(json.id, /^chatcmpl-./);
  assert.equal(json.object, 'chat.completion');
  assert.ok(Math.abs(json.created - Date.now() / 1000) < 60);
  assert.equal(json.model, 'mihoyo-orange_cat');
  assert.equal(json.choices.length, 1);
  const [choice] = json.choices;
  assert.equal(choice.index, 0);
  assert.equal(choice.finish_reason, 'stop');
  assert.equal(choice.logprobs, null);
  assert.equal(choice.message.role, 'assistant');
  assert.equal(choice.message.refusal, null);
  assert.ok(choice.message.content.includes(text), 'the simulator echoes');
  assert.deepEqual(
    [json.usage.prompt_tokens, json.usage.completion_tokens, json.usage.total_tokens],
    [0, 0, 0],
  );
  assert.equal(typeof json.session_id, 'string');
  assert.ok(!('error' in json));
});

test('an answer carries the headers that clients and proxies need', async () => {
  const { response, json } = await nekod.ask(unique());
  assert.equal(response.headers.get('access-control-allow-origin'), '*');
  assert.equal(response.headers.get('x-session-id'), json.session_id);
  assert.equal(response.headers.get('x-session-match'), 'new');
  assert.ok(response.headers.get('x-request-id'));
  const other = await nekod.ask(unique());
  assert.notEqual(other.response.headers.get('x-request-id'), response.headers.get('x-request-id'));
});

test('a stream follows the rules of the wire', async () => {
  const text = unique('你好');
  const stream = await nekod.stream(text);
  const { headers, status } = stream.response;
  assert.equal(status, 200);
  assert.equal(headers.get('content-type'), 'text/event-stream');
  assert.equal(headers.get('cache-control'), 'no-cache');
  assert.equal(headers.get('x-accel-buffering'), 'no');
  assert.equal(headers.get('access-control-allow-origin'), '*');
  assert.equal(headers.get('content-encoding'), null);
  assert.equal(headers.get('x-session-match'), 'new');
  assert.ok(headers.get('x-request-id'));
  const answer = checkStream(await stream.rest());
  assert.ok(answer.chunks.length > 3, 'the text comes in pieces');
  assert.ok(answer.text.includes(text));
  assert.equal(answer.first.model, 'mihoyo-orange_cat');
  assert.equal(headers.get('x-session-id'), answer.first.session_id);
});

test('a stream counts tokens only when asked to', async () => {
  const asked = await nekod.stream(unique(), { stream_options: { include_usage: true } });
  const { usage } = checkStream(await asked.rest(), { usage: true });
  assert.deepEqual(Object.keys(usage), ['prompt_tokens', 'completion_tokens', 'total_tokens']);
  const declined = await nekod.stream(unique(), { stream_options: { include_usage: false } });
  checkStream(await declined.rest());
});

test('pieces reach the client while the upstream still writes', async () => {
  const stream = await nekod.stream(`[sim tokens=200000 delay=20] ${unique()}`);
  await stream.started();
  assert.equal((await sim.report()).active_replies, 1);
  stream.leave();
  await sim.quiet();
});

test('text of any script goes through unchanged, both ways', async () => {
  const text = unique('汉字 🐈‍⬛ e\u0301 \u{10ffff} "\\" & <b> end');
  const spaced = `${text} \t\n\u2028 \u0001 the end`;
  const whole = await nekod.ask(spaced);
  assert.ok(whole.text.includes(text), whole.text);
  assert.equal((await sim.chatWith(text)).messages[0].text, spaced);
  const stream = await nekod.stream(`${text} again`);
  assert.ok(checkStream(await stream.rest()).text.includes(`${text} again`));
});

test('what the client gets is what the upstream said, whole and streamed', async () => {
  const [one, two] = [unique(), unique()];
  const { text } = await nekod.ask(`[sim tokens=300] ${one}`);
  const stream = await nekod.stream(`[sim tokens=300] ${two}`);
  const streamed = checkStream(await stream.rest()).text;
  assert.equal((await sim.chatWith(one)).messages[0].reply, text);
  assert.equal((await sim.chatWith(two)).messages[0].reply, streamed);
});

test('what ordinary clients send is taken', async (t) => {
  const user = { role: 'user', content: 'hello' };
  const bodies = {
    'content in parts': {
      messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] }],
    },
    'all six roles': {
      messages: [
        { role: 'developer', content: 'be brief' },
        { role: 'system', content: [{ type: 'text', text: 'be kind' }] },
        user,
        { role: 'assistant', content: null, tool_calls: [] },
        { role: 'tool', content: 'a result', tool_call_id: 'call_1' },
        { role: 'function', name: 'f', content: null },
        { role: 'assistant', content: '' },
        user,
      ],
    },
    'fields that the specification does not know': {
      messages: [{ ...user, id: 'm1', cache_control: { type: 'ephemeral' } }],
      enable_thinking: true,
      extra_body: { deep: [1, { er: null }] },
      top_k: 40,
    },
    'nulls where the specification has them': {
      messages: [user],
      temperature: null,
      top_p: null,
      max_tokens: null,
      n: null,
      stop: null,
      stream: null,
      stream_options: null,
    },
    'tuning that the upstream cannot obey': {
      messages: [user],
      temperature: 0.7,
      top_p: 0.9,
      max_tokens: 1000,
      presence_penalty: -1,
      seed: 42,
      stop: ['END'],
      user: 'someone',
    },
    'a text of a megabyte': { messages: [{ role: 'user', content: 'long '.repeat(200_000) }] },
  };
  for (const [name, body] of Object.entries(bodies)) {
    await t.test(name, async () => {
      const response = await nekod.post({ model: 'mihoyo-orange_cat', ...body });
      assert.equal(response.status, 200, await response.clone().text());
      assert.equal((await response.json()).object, 'chat.completion');
    });
  }
});

test('an answer names the parameters that had no effect', async () => {
  const { response } = await nekod.ask(unique(), { temperature: 0.7, top_p: 0.5 });
  assert.match(response.headers.get('x-ignored-parameters') ?? '', /temperature.*top_p/);
  const { response: plain } = await nekod.ask(unique());
  assert.equal(plain.headers.get('x-ignored-parameters'), null);
});

test('branches and named events upstream make no difference', async (t) => {
  await sim.settings({ branches: 3, named_events: true });
  t.after(() => sim.settings({ branches: 1, named_events: false }));
  const text = unique();
  const { json } = await nekod.ask(text);
  assert.ok(json.choices[0].message.content.includes(text));
  const stream = await nekod.stream(`${text} again`, { session_id: json.session_id });
  assert.ok(checkStream(await stream.rest()).text.includes(`${text} again`));
  const chat = await sim.chatWith(text);
  assert.equal(chat.messages.length, 2);
});

test('the simulator saw no wrong use', async () => {
  const report = await sim.quiet();
  assert.deepEqual(report.violations, []);
  assert.equal(report.violation_count, 0);
});
