// A server with the OpenAI API that answers as a test says, for answers that the simulator does not give.

import http from 'node:http';
import https from 'node:https';

/// A whole answer to a chat.
export const answer = (text) => ({
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
});

/// A failure in the usual form.
export const failure = (message, fields = {}) => ({ error: { message, ...fields } });

/// Answers with JSON, and with header fields.
export function reply(response, status, body, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/// A streamed answer.
export function replyStream(response, text) {
  const chunk = (delta, finish_reason = null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const chunks = [chunk({ role: 'assistant', content: '' }), chunk({ content: text }), chunk({}, 'stop')];
  response.end(`${chunks.join('')}data: [DONE]\n\n`);
}

/// Answers a chat properly, whole or as a stream, as requested.
export const replyWell = (request, response, text = 'ok') =>
  request.body.stream ? replyStream(response, text) : reply(response, 200, answer(text));

/// Starts a server, at *port* if given. `models` is its list of models, as a value, as text, or as a function of
/// the response; `say` answers a chat, given the request with its `body`, and the response. `requests` has the
/// method, path, header fields and `body` of each request. With *certified*, a `cert` and its `key`, it is asked
/// over TLS. *scope* has an `after`.
export async function scriptedServer(scope, models = { data: [{ id: 'm' }] }, say = replyWell, port = 0, certified) {
  const self = { models, say, requests: [] };
  // It closes no connection by itself: that could meet the next request.
  const create = certified ? https.createServer : http.createServer;
  const server = create({ keepAliveTimeout: 0, ...certified }, (request, response) => {
    const { method, url, headers } = request;
    const noted = { line: `${method} ${url}`, headers, socket: request.socket };
    self.requests.push(noted);
    let text = '';
    request.on('data', (bytes) => (text += bytes)).on('end', () => {
      noted.body = text && JSON.parse(text);
      if (method !== 'GET') self.say(noted, response);
      else if (typeof self.models === 'function') self.models(response, noted);
      else reply(response, 200, self.models);
    });
  });
  await new Promise((open) => server.listen(port, '127.0.0.1', open));
  /// Stops it at once; its port then refuses connections.
  self.stop = () => {
    server.closeAllConnections();
    return new Promise((closed) => server.close(closed));
  };
  scope.after(() => self.stop());
  self.port = server.address().port;
  self.origin = `${certified ? 'https' : 'http'}://127.0.0.1:${self.port}`;
  /// The chat requests it has got.
  self.chats = () => self.requests.filter((r) => r.line.startsWith('POST'));
  return self;
}

/// The arguments that point nekod at an OpenAI-compatible server.
export const leadingToAddress = (url) => [
  ...['--upstream', 'openai', '--openai-url', url, '--store', 'memory', '--port', '0'],
];
