// Faults that other servers and gateways with the Responses API were reported to have, each tried with nekod in front
// of a server with the chat API.

import assert from 'node:assert/strict';
import http from 'node:http';
import test, { after } from 'node:test';
import { gateway, unique } from '../e2e/support.mjs';
import { leadingToModel, scriptedModel } from './model.mjs';
import { assembled, eventsIn } from './open_responses/assembly.mjs';
import { valid } from './open_responses/schemas.mjs';

/// What the upstream answers: a turn of the model, or a function of the request that makes one.
let turn;
const upstream = await scriptedModel({ after }, (body) => (typeof turn === 'function' ? turn(body) : { ...turn }));
const nekod = await gateway({ after }, leadingToModel(upstream));
const scripted = upstream.say;

const send = (body, headers = {}) =>
  fetch(`${nekod.url}/v1/responses`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify({ model: 'm', ...body }),
  });
const whole = async (body) => {
  const response = await send(body);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return valid('response', JSON.parse(text));
};
const streamed = async (body) => {
  const response = await send({ ...body, stream: true });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return assembled(eventsIn(text));
};
const refused = async (body, status) => {
  const response = await send(body);
  assert.equal(response.status, status);
  return valid('failure', await response.json()).error;
};
const user = (content) => ({ role: 'user', content });
const tool = (name) => ({ type: 'function', name, parameters: { type: 'object', properties: {} } });
const output = ({ call_id }, text) => ({ type: 'function_call_output', call_id, output: text });
const calls = (response) => response.output.filter(({ type }) => type === 'function_call');
const roles = () => upstream.told().map(({ role }) => role);
const contents = () => upstream.told().map(({ content }) => content);

/// Has the upstream answer with these chunks of a stream, written as they are, once.
function answerWith(chunks, { end = 'data: [DONE]\n\n', broken = false } = {}) {
  upstream.say = (request, response) => {
    upstream.say = scripted;
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const text = chunks.map((chunk) => (typeof chunk === 'string' ? chunk : `data: ${JSON.stringify(chunk)}\n\n`)).join('') + end;
    if (broken) response.write(text, () => response.destroy());
    else response.end(text);
  };
}
const delta = (fields, finish_reason = null) => ({ id: 'x', choices: [{ index: 0, delta: fields, finish_reason }] });
const callDelta = (index, fields, more = {}) => delta({ tool_calls: [{ index, ...more, function: fields }] });

test('tools of all kinds pass, and those that nekod leaves out are named', async () => {
  turn = { text: 'ok' };
  const hosted = [
    'web_search', 'web_search_preview', 'file_search', 'code_interpreter', 'image_generation', 'mcp', 'computer_use_preview',
    'local_shell', 'shell', 'apply_patch', 'tool_search', 'programmatic_tool_calling', 'something_new',
  ];
  const response = await send({
    input: 'x',
    tools: [tool('f'), { type: 'custom', name: 'c' }, { type: 'namespace', name: 'n', tools: [tool('g')] }, ...hosted.map((type) => ({ type }))],
  });
  assert.equal(response.status, 200);
  valid('response', await response.json());
  assert.deepEqual(upstream.bodies().at(-1).tools.map((each) => each.function.name), ['f', 'c', 'n__g']);
  const named = response.headers.get('x-ignored-parameters').split(', ').sort();
  assert.deepEqual(named, hosted.map((type) => `tools.${type}`).sort());
});

test('reasoning without content is accepted', async () => {
  turn = { text: 'ok' };
  for (const fields of [{}, { content: null }, { content: [] }, { encrypted_content: null }, { encrypted_content: 'foreign' }]) {
    const reasoning = { type: 'reasoning', id: unique('rs'), summary: [], ...fields };
    await whole({ input: [user('one'), reasoning, { role: 'assistant', content: 'two' }, user('three')] });
    assert.deepEqual(contents(), ['one', 'two', 'three']);
  }
});

test('calls and outputs stay in a chain of several turns', async () => {
  const tools = [tool('f')];
  let previous_response_id;
  for (const n of [1, 2, 3]) {
    turn = { calls: [{ name: 'f', args: { n } }] };
    const asked = await streamed({ input: `question ${n}`, tools, previous_response_id });
    turn = { text: `answer ${n}` };
    ({ id: previous_response_id } = await streamed({
      input: [output(calls(asked)[0], `result ${n}`)], tools, previous_response_id: asked.id,
    }));
  }
  const once = ['user', 'assistant', 'tool', 'assistant'];
  assert.deepEqual(roles(), [...once, ...once, ...once].slice(0, -1));
  assert.deepEqual(upstream.told().filter(({ role }) => role === 'tool').map(({ content }) => content), ['result 1', 'result 2', 'result 3']);
});

test('a response can be followed as soon as its last event has come', async () => {
  turn = { text: 'ok' };
  for (let n = 0; n < 20; ++n) {
    const response = await send({ input: `first ${n}`, stream: true });
    let text = '';
    for await (const bytes of response.body.pipeThrough(new TextDecoderStream())) {
      text += bytes;
      const [, data] = text.match(/event: response\.completed\ndata: (.*)\n/) ?? [];
      if (!data) continue;
      await whole({ input: 'second', previous_response_id: JSON.parse(data).response.id });
      assert.deepEqual(contents(), [`first ${n}`, 'ok', 'second']);
    }
  }
});

test('outputs in another order than their calls are put in order, in a chain and in a history', async () => {
  turn = { text: 'I look.', calls: ['a', 'b', 'c'].map((name) => ({ name, args: {} })) };
  const tools = ['a', 'b', 'c'].map(tool);
  const first = await whole({ input: 'x', tools });
  const outputs = calls(first).map((call) => output(call, `of ${call.name}`)).reverse();
  turn = { text: 'ok' };
  const check = () => {
    assert.deepEqual(roles(), ['user', 'assistant', 'tool', 'tool', 'tool']);
    const [, asks, ...results] = upstream.told();
    assert.deepEqual(results.map(({ tool_call_id }) => tool_call_id), asks.tool_calls.map(({ id }) => id));
    assert.deepEqual(results.map(({ content }) => content), ['of a', 'of b', 'of c']);
  };
  await whole({ input: outputs, tools, previous_response_id: first.id });
  check();
  await whole({ input: [user('x'), ...first.output, ...outputs], tools });
  check();
});

test('calls whose pieces come interleaved are told one after the other, with their own arguments', async () => {
  answerWith([
    callDelta(0, { name: 'a', arguments: '{"n"' }, { id: 'call_a', type: 'function' }),
    callDelta(1, { name: 'b', arguments: '{"n":' }, { id: 'call_b', type: 'function' }),
    callDelta(0, { arguments: ':1' }),
    callDelta(1, { arguments: '2' }),
    callDelta(0, { arguments: '}' }),
    callDelta(1, { arguments: '}' }),
    delta({}, 'tool_calls'),
  ]);
  const response = await streamed({ input: 'x', tools: [tool('a'), tool('b')] });
  assert.deepEqual(response.output.map((item) => [item.call_id, item.name, item.arguments]), [
    ['call_a', 'a', '{"n":1}'], ['call_b', 'b', '{"n":2}'],
  ]);
});

test('an upstream that is cut anywhere makes a failure, never an answer', async () => {
  // As short as chunks may be.
  const chunks = [
    { delta: { content: 'ä' } },
    { delta: { tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{}' } }] } },
    { delta: {}, finish_reason: 'tool_calls' },
  ];
  const all = Buffer.from(chunks.map((chunk) => `data: ${JSON.stringify({ choices: [chunk] })}\n\n`).join(''));
  const [first, end] = [all.indexOf('\n\n') + 2, all.lastIndexOf('\n\n')];
  const run = async (at, stream) => {
    const text = unique();
    cuts.set(text, at);
    const response = await send({ input: text, tools: [tool('f')], stream });
    const body = await response.text();
    // Before the first event there is still a status.
    if (!stream || at < first) {
      assert.equal(response.status, 502, `${at}: ${body}`);
      return valid('failure', JSON.parse(body));
    }
    const told = assembled(eventsIn(body));
    assert.equal(told.status, 'failed', `cut at ${at}`);
    return told;
  };
  const cuts = new Map();
  upstream.say = (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const at = cuts.get(request.body.messages.at(-1).content);
    response.flushHeaders();
    if (at) response.write(all.subarray(0, at), () => response.destroy());
    else setImmediate(() => response.destroy());
  };
  const places = Array.from({ length: end }, (_, at) => at);
  for (let from = 0; from < places.length; from += 40)
    await Promise.all(places.slice(from, from + 40).flatMap((at) => (at % 8 ? [run(at, true)] : [run(at, true), run(at, false)])));
  upstream.say = scripted;
});

test('ids of items are not looked up when the items are there', async () => {
  turn = { text: 'ok' };
  const reply = (id) => ({ type: 'message', id, role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'two', annotations: [] }] });
  await whole({ input: [user('one'), reply('msg_of_nobody'), user('three')], store: false });
  assert.deepEqual(contents(), ['one', 'two', 'three']);
  const error = await refused({ input: [user('one'), { type: 'item_reference', id: 'msg_of_nobody_else' }, user('three')] }, 404);
  assert.deepEqual([error.type, error.param], ['invalid_request_error', 'input']);
  assert.match(error.message, /msg_of_nobody_else/);
  assert.match(error.message, /store/);
});

test('store is told as it is', async () => {
  turn = { text: 'ok' };
  assert.equal((await whole({ input: 'x' })).store, true);
  assert.equal((await whole({ input: 'x', store: false })).store, false);
});

test('instructions, developer and system texts become one message at the beginning', async () => {
  turn = { text: 'ok' };
  const said = (role, content) => ({ type: 'message', role, content });
  await whole({ instructions: 'one', input: [said('developer', 'two'), user('x'), said('system', 'three'), user('y')] });
  assert.deepEqual(upstream.told(), [
    { role: 'system', content: 'one\n\ntwo\n\nthree' }, { role: 'user', content: 'x' }, { role: 'user', content: 'y' },
  ]);
});

test('an error amid an answer ends it by an error and a failed response', async () => {
  answerWith([delta({ content: 'a text' }), 'data: {"error":{"message":"out of memory","code":"oom"}}\n\n']);
  const response = await streamed({ input: 'x' });
  assert.deepEqual(response.error, { code: 'oom', message: 'out of memory' });
  assert.equal(response.output[0].content[0].text, 'a text');
});

test('a request without a model gets the default one', async () => {
  turn = { text: 'ok' };
  assert.equal((await whole({ input: 'x', model: undefined })).model, 'm');
});

test('a response of more than 1 MiB arrives whole', async () => {
  const text = 'x "y" '.repeat(135_000).trim();
  answerWith([delta({ content: text.slice(0, 400_000) }), delta({ content: text.slice(400_000) }), delta({}, 'stop')]);
  const response = await streamed({ input: 'x' });
  assert.equal(response.output[0].content[0].text, text);
  assert.ok(JSON.stringify(response).length > 1 << 20);
});

test('each event of a stream is one write', async () => {
  turn = { reasoning: 'Hm.', text: 'A text of several pieces.', calls: [{ name: 'f', args: { a: 1 } }] };
  const body = JSON.stringify({ model: 'm', input: 'x', stream: true, tools: [tool('f')] });
  const { port } = new URL(nekod.url);
  const raw = await new Promise((done, failed) => {
    const request = http.request({ port, path: '/v1/responses', method: 'POST', headers: { 'Content-Type': 'application/json' } });
    request.on('socket', (socket) => {
      const pieces = [];
      socket.on('data', (bytes) => pieces.push(bytes));
      request.on('response', (response) => response.resume().on('end', () => done(Buffer.concat(pieces).toString('latin1'))));
    });
    request.on('error', failed).end(body);
  });
  // The chunks of HTTP are the writes.
  let rest = raw.slice(raw.indexOf('\r\n\r\n') + 4);
  const chunks = [];
  for (let length; (length = parseInt(rest, 16)); ) {
    const at = rest.indexOf('\r\n') + 2;
    chunks.push(rest.slice(at, at + length));
    rest = rest.slice(at + length + 2);
  }
  for (const chunk of chunks) assert.match(chunk, /^(event|data): [^]*\n\n$/, 'a chunk has complete events');
  assert.equal(assembled(eventsIn(chunks.join(''))).status, 'completed');
});

test('an answer of reasoning alone has an empty message behind it', async () => {
  turn = { reasoning: 'Hm.' };
  for (const ask of [whole, streamed]) {
    const response = await ask({ input: 'x' });
    assert.deepEqual(response.output.map(({ type }) => type), ['reasoning', 'message']);
    assert.equal(response.output[1].content[0].text, '');
  }
});

test('an answer that is empty has a message', async () => {
  turn = {};
  for (const ask of [whole, streamed]) assert.equal((await ask({ input: 'x' })).output[0].type, 'message');
});

test('input that ends with an answer is told as it is', async () => {
  turn = { text: ' sat on a mat.' };
  await whole({ input: [user('Go on.'), { role: 'assistant', content: 'A cat' }] });
  assert.deepEqual(upstream.told().map(({ role, content }) => [role, content]), [['user', 'Go on.'], ['assistant', 'A cat']]);
});

test('a call without its output is refused by its id', async () => {
  const error = await refused({ input: [user('x'), { type: 'function_call', call_id: 'call_7', name: 'f', arguments: '{}' }] }, 400);
  assert.match(error.message, /call_7/);
  assert.equal(error.param, 'input');
});

test('files that the upstream could not read are refused', async () => {
  const part = (fields) => [{ role: 'user', content: [{ type: 'input_text', text: 'x' }, fields] }];
  for (const fields of [
    { type: 'input_image', file_id: 'file_1' },
    { type: 'input_file', file_id: 'file_1' },
    { type: 'input_file', file_url: 'https://example.org/a.pdf' },
  ])
    assert.match((await refused({ input: part(fields) }, 400)).param, /^input\[0\]\.content\[1\]/);
});
