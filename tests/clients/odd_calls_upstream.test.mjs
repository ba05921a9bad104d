// Tool calls that deviate from OpenAI's form: the official package runs the tools through nekod all the same.

import assert from 'node:assert/strict';
import http from 'node:http';
import test, { after } from 'node:test';
import OpenAI from 'openai';
import { gateway, unique } from '../e2e/support.mjs';

/// The chunks, or the message, with which the server calls tools.
let calls;
const told = [];

const server = http.createServer(async (request, response) => {
  if (request.method === 'GET') return response.end('{"data":[{"id":"m"}]}');
  let text = '';
  for await (const bytes of request) text += bytes;
  const { messages, stream } = JSON.parse(text);
  told.push(messages);
  const answered = messages.at(-1).role === 'tool';
  const deltas = answered ? [{ content: 'It is sunny.' }] : calls;
  if (!stream) {
    const message = answered ? deltas[0] : { tool_calls: deltas.flatMap((delta) => delta.tool_calls) };
    return response.end(JSON.stringify({ id: unique(), choices: [{ message }] }));
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const id = unique();
  for (const delta of [...deltas, {}]) {
    const finish_reason = delta.content || delta.tool_calls ? null : answered ? 'stop' : 'tool_calls';
    response.write(`data: ${JSON.stringify({ id, choices: [{ index: 0, delta, finish_reason }] })}\n\n`);
  }
  return response.end();
});
await new Promise((open) => server.listen(0, '127.0.0.1', open));
after(() => server.closeAllConnections() ?? server.close());

const url = `http://127.0.0.1:${server.address().port}/v1`;
const nekod = await gateway({ after }, ['--upstream', 'openai', '--openai-url', url, '--store', 'memory', '--port', '0']);
const openai = new OpenAI({ apiKey: 'any', baseURL: `${nekod.url}/v1`, maxRetries: 0 });

const look = (args) => ({ name: 'look', arguments: args });
const [rome, bonn] = ['{"city":"Rome"}', '{"city":"Bonn"}'];
const whole = { 'one index': 0, 'no index': undefined };
const forms = {
  'an object as arguments': [[{ tool_calls: [{ index: 0, id: 'a', function: look({ city: 'Rome' }) }] }], ['Rome']],
  'no ids': [[{ tool_calls: [{ index: 0, function: look(rome) }] }, { tool_calls: [{ index: 0, function: look(bonn) }] }], ['Rome', 'Bonn']],
};
for (const [name, index] of Object.entries(whole)) {
  const pieces = [['a', rome], ['b', bonn]].map(([id, args]) => ({ tool_calls: [{ index, id, type: 'function', function: look(args) }] }));
  forms[name] = [pieces, ['Rome', 'Bonn']];
}

for (const [name, [pieces, cities]] of Object.entries(forms)) {
  for (const stream of [true, false]) {
    test(`the official package runs tools of a server that has ${name}, ${stream ? 'streamed' : 'whole'}`, async () => {
      calls = pieces;
      const seen = [];
      const run = (args) => (seen.push(args.city), 'sunny');
      const tool = { name: 'look', parameters: { type: 'object', properties: {} }, parse: JSON.parse, function: run };
      const messages = [{ role: 'user', content: unique() }];
      const tools = [{ type: 'function', function: tool }];
      const runner = openai.chat.completions.runTools({ model: 'm', messages, tools, stream });
      assert.equal(await runner.finalContent(), 'It is sunny.');
      assert.deepEqual(seen, cities);
      const [, said, ...results] = told.at(-1);
      assert.deepEqual(results.map((r) => r.tool_call_id), said.tool_calls.map((c) => c.id));
      assert.equal(new Set(said.tool_calls.map((c) => c.id)).size, cities.length);
    });
  }
}
