// The Responses API: answers whole and streamed, over either kind of upstream, and what is refused.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { answerChatsWith, eventsOf, respond, responseOf, textOf } from './responding.mjs';
import { failure, leadingToAddress, reply, scriptedServer } from './scripted.mjs';
import { expectError, gateway, pair, unique } from './support.mjs';

const { sim, nekod } = await pair({ after });
const upstream = await scriptedServer({ after });
const open = await gateway({ after }, leadingToAddress(`${upstream.origin}/v1`));

const user = (content) => ({ role: 'user', content });
const call = { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Paris"}' };
const tools = [
  { type: 'function', name: 'weather', parameters: { type: 'object', properties: {} } },
  { type: 'custom', name: 'apply_patch', format: { type: 'text' } },
  { type: 'web_search' },
];

const answerWith = (...args) => answerChatsWith(upstream, ...args);

test('a whole answer is a response with every key', async () => {
  const text = unique();
  const { response, json } = await responseOf(nekod, { input: text, tools: [{ type: 'web_search' }], temperature: 0.5 });
  assert.match(json.id, /^resp_./);
  assert.equal(json.object, 'response');
  assert.equal(json.status, 'completed');
  assert.equal(json.model, 'mihoyo-orange_cat');
  assert.equal(json.store, true, 'what is echoed is true');
  assert.equal(json.output.length, 1);
  assert.ok(textOf(json).includes(text));
  assert.equal(json.session_id, response.headers.get('x-session-id'));
  assert.equal(response.headers.get('x-ignored-parameters'), 'tools.web_search, temperature');
  for (const key of ['error', 'incomplete_details', 'instructions', 'previous_response_id', 'conversation', 'metadata',
    'parallel_tool_calls', 'tool_choice', 'tools', 'text', 'reasoning', 'top_p', 'truncation', 'usage'])
    assert.ok(key in json, key);
});

test('a stream tells one item from its beginning to its end', async () => {
  const text = unique();
  const events = await eventsOf(await respond(nekod, { input: [user(text)], stream: true }));
  const types = events.map((event) => event.type);
  assert.deepEqual(types.slice(0, 4), [
    'response.created', 'response.in_progress', 'response.output_item.added', 'response.content_part.added',
  ]);
  assert.deepEqual(types.slice(-4), [
    'response.output_text.done', 'response.content_part.done', 'response.output_item.done', 'response.completed',
  ]);
  const deltas = events.filter((event) => event.type === 'response.output_text.delta');
  assert.ok(deltas.length > 3, 'the text comes in pieces');
  const last = events.at(-1).response;
  assert.equal(deltas.map((event) => event.delta).join(''), textOf(last));
  assert.ok(textOf(last).includes(text));
  assert.equal(last.id, events[0].response.id);
  assert.equal(events.at(-2).item.id, last.output[0].id);
});

test('the limit of tokens goes up by the name that the server knows', async (t) => {
  const input = unique();
  const other = await gateway(t, [...leadingToAddress(`${upstream.origin}/v1`), '--openai-token-limit', 'max_tokens']);
  for (const [to, name] of [[open, 'max_completion_tokens'], [other, 'max_tokens']]) {
    const { response } = await responseOf(to, { input, max_output_tokens: 9, text: { verbosity: 'low' }, user: 'u' });
    const { body } = upstream.requests.at(-1);
    assert.equal(body[name], 9);
    for (const absent of ['max_output_tokens', 'verbosity', 'user']) assert.ok(!(absent in body), absent);
    assert.equal(response.headers.get('x-ignored-parameters'), 'text.verbosity');
  }
});

test('a tool that is not allowed is not sent, and a call of it is a failure that leaves nothing', async () => {
  const more = [...tools, { type: 'function', name: 'other', parameters: { type: 'object', properties: {} } }];
  const tool_choice = { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'weather' }] };
  const calling = (name) => answerWith([{ role: 'assistant', tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name, arguments: '{}' } }] }], 'tool_calls');
  for (const stream of [true, false]) {
    calling('other');
    const refused = await respond(open, { input: unique(), tools: more, tool_choice, stream });
    assert.deepEqual(upstream.requests.at(-1).body.tools.map((tool) => tool.function.name), ['weather']);
    if (stream) {
      const events = await eventsOf(refused);
      assert.equal(events.at(-1).type, 'response.failed');
      assert.match(events.at(-1).response.error.message, /not allowed: `other`/);
      assert.equal((await fetch(`${open.url}/v1/responses/${events.at(-1).response.id}`)).status, 404);
    } else {
      await expectError(refused, 502, 'upstream_error');
    }
    calling('weather');
    const good = await respond(open, { input: unique(), tools: more, tool_choice, stream });
    const json = stream ? (await eventsOf(good)).at(-1).response : await good.json();
    assert.deepEqual([json.status, json.output[0].name], ['completed', 'weather']);
  }
  answerWith([{ role: 'assistant', content: 'ok' }]);
});

test('a call in the form of before there were tools is a call', async () => {
  answerWith([{ role: 'assistant', function_call: { name: 'weather', arguments: '{"a"' } }, { function_call: { arguments: ':1}' } }], 'function_call');
  for (const stream of [true, false]) {
    const response = await respond(open, { input: unique(), tools, stream });
    const json = stream ? (await eventsOf(response)).at(-1).response : await response.json();
    assert.equal(json.output.length, 1);
    const [{ type, name, arguments: told, call_id }] = json.output;
    assert.deepEqual([type, name, told], ['function_call', 'weather', '{"a":1}']);
    assert.ok(call_id);
  }
  answerWith([{ role: 'assistant', content: 'ok' }]);
});

test('a conversation that is told goes on in its session, whichever API began it', async () => {
  const [first, second, third] = [unique(), unique(), unique()];
  const begun = await responseOf(nekod, { input: first, instructions: 'be kind' });
  const history = [user(first), { role: 'assistant', content: textOf(begun.json) }];
  const next = await responseOf(nekod, { input: [...history, user(second)], instructions: 'be kind' });
  assert.equal(next.response.headers.get('x-session-match'), 'transcript');
  assert.equal(next.json.session_id, begun.json.session_id);
  const chat = await nekod.post({
    messages: [
      { role: 'system', content: 'be kind' }, ...history, user(second),
      { role: 'assistant', content: textOf(next.json) }, user(third),
    ],
  });
  assert.equal(chat.headers.get('x-session-id'), begun.json.session_id);
  await chat.text();
});

test('an upstream hears calls, their outputs and one system message', async () => {
  answerWith([{ content: 'sunny' }]);
  const { json, response } = await responseOf(open, {
    instructions: 'first',
    input: [
      { role: 'developer', content: [{ type: 'input_text', text: 'second' }] },
      user('weather?'),
      { type: 'reasoning', id: 'rs_1', summary: [] },
      call,
      { type: 'function_call_output', call_id: 'call_1', output: '20 C' },
    ],
    tools,
    max_output_tokens: 9,
  });
  assert.equal(textOf(json), 'sunny');
  assert.equal(response.headers.get('x-ignored-parameters'), 'tools.web_search');
  const { body } = upstream.requests.at(-1);
  assert.deepEqual(body.messages, [
    { role: 'system', content: 'first\n\nsecond' },
    user('weather?'),
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: call.name, arguments: call.arguments } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: '20 C' },
  ]);
  assert.deepEqual(body.tools.map((tool) => tool.function.name), ['weather', 'apply_patch']);
  assert.equal(body.max_completion_tokens, 9);
});

test('calls come back as items of the kind that was declared', async () => {
  answerWith(
    [
      { reasoning_content: 'hm' },
      { tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city"' } }] },
      { tool_calls: [{ index: 0, function: { arguments: ':"Paris"}' } }] },
      {
        tool_calls: [
          { index: 1, id: 'b', type: 'function', function: { name: 'apply_patch', arguments: '{"input":"*** Begin\\n"}' } },
        ],
      },
    ],
    'tool_calls',
    { usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } },
  );
  const events = await eventsOf(await respond(open, { input: unique(), tools, stream: true, reasoning: { summary: 'auto' } }));
  const { output, usage, status } = events.at(-1).response;
  assert.equal(status, 'completed');
  assert.deepEqual(output.map((item) => item.type), ['reasoning', 'function_call', 'custom_tool_call']);
  assert.equal(output[0].summary[0].text, 'hm');
  assert.deepEqual([output[1].call_id, output[1].name, output[1].arguments], ['a', 'weather', '{"city":"Paris"}']);
  assert.deepEqual([output[2].call_id, output[2].name, output[2].input], ['b', 'apply_patch', '*** Begin\n']);
  assert.deepEqual([usage.input_tokens, usage.output_tokens, usage.total_tokens], [3, 2, 5]);
  const done = events.filter((event) => event.type === 'response.output_item.done').map((event) => event.item);
  assert.deepEqual(done, output);
});

test('reasoning comes back from clients that keep no texts of it, if they asked for its content', async () => {
  const include = ['reasoning.encrypted_content'];
  for (const [fields, sealed] of [[{ include }, true], [{ include, reasoning: { summary: 'auto' } }, true], [{}, false]]) {
    const question = user(unique());
    const thought = `h"m\n${unique('thought')}`;
    answerWith([{ reasoning_content: thought }, { content: 'Hi' }]);
    const events = await eventsOf(await respond(open, { input: [question], store: false, stream: true, ...fields }));
    const { output } = events.at(-1).response;
    const ended = events.filter(({ type, item }) => type === 'response.output_item.done' && item.type === 'reasoning');
    assert.deepEqual(ended.map(({ item }) => item), [output[0]]);
    assert.equal('encrypted_content' in output[0], sealed);
    const input = [question, { ...output[0], summary: [], content: undefined }, output[1], user('next')];
    const heard = async () => {
      await responseOf(open, { input, store: false });
      return upstream.requests.at(-1).body.messages[1].reasoning_content;
    };
    assert.equal(await heard(), thought, 'the session has it');
    await fetch(`${open.url}/sessions?all=true`, { method: 'DELETE' });
    assert.equal(await heard(), sealed ? thought : undefined);
  }
});

test('the pages that an answer cites come with its text', async () => {
  const page = { url: 'https://cats.example', title: 'Cats', start_index: 0, end_index: 4 };
  answerWith([{ content: 'Cats' }, { annotations: [{ type: 'url_citation', url_citation: page }] }]);
  const told = [{ type: 'url_citation', ...page }];
  const events = await eventsOf(await respond(open, { input: unique(), stream: true }));
  const added = events.find(({ type }) => type === 'response.output_text.annotation.added');
  assert.deepEqual([added.annotation, added.annotation_index, added.content_index], [told[0], 0, 0]);
  assert.deepEqual(events.at(-1).response.output[0].content[0].annotations, told);
  const { json } = await responseOf(open, { input: unique() });
  assert.deepEqual(json.output[0].content[0].annotations, told);
  const stored = await (await fetch(`${open.url}/v1/responses/${json.id}`)).json();
  assert.deepEqual(stored.output, json.output);
});

test('usage is told wherever the upstream puts it', async () => {
  const usage = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 };
  for (const say of [
    (chunk) => chunk({}, 'stop', { usage }),
    (chunk) => chunk({}, 'stop', { x_groq: { id: 'r', usage } }),
    (chunk) => chunk({}, 'stop').replace('"finish_reason":"stop"', `"finish_reason":"stop","usage":${JSON.stringify(usage)}`),
  ]) {
    upstream.say = (_, response) => {
      const chunk = (delta, finish_reason = null, more = {}) =>
        `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta, finish_reason }], ...more })}\n\n`;
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.end(`${chunk({ content: 'hi' })}${say(chunk)}data: [DONE]\n\n`);
    };
    const events = await eventsOf(await respond(open, { input: unique(), stream: true }));
    const told = events.at(-1).response.usage;
    assert.deepEqual([told.input_tokens, told.output_tokens, told.total_tokens], [7, 2, 9]);
    assert.deepEqual((await responseOf(open, { input: unique() })).json.usage, told);
  }
});

test('a failure in a body of status 200 keeps its words and its status', async () => {
  for (const [body, status] of [
    [{ message: 'the disk is on fire', status: 500 }, 500],
    [{ message: 'the disk is on fire', statusCode: 422 }, 422],
  ])
    for (const stream of [false, true]) {
      upstream.say = (_, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify(body));
      };
      const response = await respond(open, { input: unique(), stream });
      const { error } = await response.json();
      assert.deepEqual([response.status, error.message], [status, 'the disk is on fire']);
    }
});

test('what an upstream says about a field has the name that the client wrote', async () => {
  for (const [param, name] of [
    ['messages', 'input'],
    ['messages[1].content', 'input'],
    ['max_completion_tokens', 'max_output_tokens'],
    ['response_format.json_schema', 'text.format'],
    ['reasoning_effort', 'reasoning.effort'],
    ['temperature', 'temperature'],
  ]) {
    upstream.say = (_, response) => reply(response, 400, failure('too long', { code: 'context_length_exceeded', param }));
    for (const stream of [false, true]) {
      const error = await expectError(await respond(open, { input: unique(), stream }), 400, 'context_length_exceeded');
      assert.deepEqual([error.param, error.message], [name, 'too long']);
    }
  }
});

test('an answer that was cut by its length is incomplete', async () => {
  answerWith([{ content: 'half' }], 'length');
  const { json } = await responseOf(open, { input: unique() });
  assert.equal(json.status, 'incomplete');
  assert.deepEqual(json.incomplete_details, { reason: 'max_output_tokens' });
});

test('a failure before the text has its own status; after it, the stream ends in response.failed', async () => {
  upstream.say = (_, response) => {
    response.writeHead(400, { 'Content-Type': 'application/json' });
    response.end('{"error":{"message":"too hot","type":"x","code":"hot"}}');
  };
  const refused = await respond(open, { input: unique(), stream: true });
  assert.equal(refused.status, 400);
  assert.equal((await refused.json()).error.message, 'too hot');
  upstream.say = (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('data: {"choices":[{"index":0,"delta":{"content":"ab"}}]}\n\n', () => response.destroy());
  };
  const events = await eventsOf(await respond(open, { input: unique(), stream: true }));
  assert.deepEqual(events.slice(-2).map((event) => event.type), ['error', 'response.failed']);
  assert.ok(events.at(-2).error.message);
  assert.equal(events.at(-1).response.status, 'failed');
  assert.equal(textOf(events.at(-1).response), 'ab');
});

test('what refers to nothing is refused, and never forgotten silently', async () => {
  const before = upstream.requests.length;
  for (const [body, status, code, param] of [
    [{ previous_response_id: 'resp_1' }, 400, 'previous_response_not_found', 'previous_response_id'],
    [{ conversation: 'conv_1' }, 404, 'conversation_not_found', 'conversation'],
    [{ conversation: 'conv_1', previous_response_id: 'resp_1' }, 400, 'invalid_value', 'conversation'],
    [{ input: [{ type: 'item_reference', id: 'msg_1' }] }, 404, 'item_not_found', 'input'],
    [{ input: [call] }, 400, 'invalid_value', 'input'],
    [{ input: 5 }, 400, 'invalid_type', 'input'],
  ]) {
    const error = await expectError(await respond(open, { input: 'x', ...body }), status, code);
    assert.equal(error.param, param);
  }
  for (const [method, path] of [['GET', 'resp_1'], ['DELETE', 'resp_1'], ['POST', 'resp_1/cancel'], ['GET', 'resp_1/input_items']])
    await expectError(await fetch(`${open.url}/v1/responses/${path}`, { method }), 404, 'response_not_found');
  await expectError(await fetch(`${open.url}/v1/responses/resp_1/other`), 404, 'not_found');
  assert.equal(upstream.requests.length, before, 'no upstream was asked');
});

test('a service of plain text refuses what it cannot do, by the name that the client wrote', async () => {
  const error = await expectError(
    await respond(nekod, { input: 'x', tools: tools.slice(0, 1), tool_choice: 'required' }), 400, 'unsupported_parameter');
  assert.equal(error.param, 'tool_choice');
  assert.ok(sim);
});
