// The servers around nekod and an agent: an upstream that follows a script, a recorder of the requests to nekod,
// and a proxy that refuses every request.

import http from 'node:http';
import { once } from 'node:events';

/// A server on a free port of loopback, until *scope* ends. *answer* gets each request with its body's text.
/// @returns the server's address, such as `http://127.0.0.1:1234`, and the server.
async function serve(scope, answer) {
  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const piece of request.setEncoding('utf8')) text += piece;
    await answer(request, text, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  scope.after(() => server.close() && server.closeAllConnections());
  return { url: `http://127.0.0.1:${server.address().port}`, server };
}

const named = (tools, name) => tools?.some((tool) => tool.function.name === name);

/// Sends the parts of an answer as chunks. Each part is a delta; the last one has the finish *reason*.
function stream(response, parts, reason) {
  const chunk = (delta, finish_reason) => ({
    ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'scripted' },
    choices: [{ index: 0, delta, finish_reason }],
  });
  const chunks = [...parts.map((part) => chunk(part, null)), chunk({}, reason)];
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  const events = [...chunks, { ...chunk({}, null), choices: [], usage }].map((each) => JSON.stringify(each));
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.end([...events, '[DONE]'].map((data) => `data: ${data}\n\n`).join(''));
}

/// An upstream that answers each user message first by a call of *tool*, if the request has that tool, then by the
/// text *answer*. `told` has the bodies it was sent.
export async function scriptedUpstream(scope, { tool, args, answer }) {
  const told = [];
  const { url } = await serve(scope, (request, text, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ object: 'list', data: [{ id: 'scripted', object: 'model' }] }));
      return;
    }
    const body = JSON.parse(text);
    told.push(body);
    const calls = named(body.tools, tool) && body.messages.at(-1).role !== 'tool';
    const call = { index: 0, id: `call_${told.length}`, type: 'function' };
    const asks = { tool_calls: [{ ...call, function: { name: tool, arguments: JSON.stringify(args) } }] };
    const reasoning = { role: 'assistant', reasoning_content: `Thought ${told.length}.` };
    stream(response, [reasoning, calls ? asks : { content: answer }], calls ? 'tool_calls' : 'stop');
  });
  return { url, told };
}

/// Relays everything to *target* and back. `noted` has the body of each chat request, and the head of its answer.
export async function recorder(scope, target) {
  const noted = [];
  const { url } = await serve(scope, async (request, text, response) => {
    const { host, ...headers } = request.headers;
    const onward = http.request(target + request.url, { method: request.method, headers });
    onward.on('error', () => response.destroy());
    onward.end(text);
    const [answer] = await once(onward, 'response');
    if (text) noted.push({ body: JSON.parse(text), status: answer.statusCode, head: answer.headers });
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  return { url, noted };
}

/// A proxy that refuses every request. `asked` has the requested addresses.
export async function closedProxy(scope) {
  const asked = [];
  const { url, server } = await serve(scope, (request, text, response) => {
    asked.push(request.url);
    response.writeHead(403).end();
  });
  server.on('connect', (request, socket) => {
    asked.push(request.url);
    socket.on('error', () => {});
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  return { url, asked };
}
