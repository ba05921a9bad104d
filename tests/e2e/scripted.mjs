// A server with the OpenAI API that says what a test wants, where the simulator is too well-behaved.

import http from 'node:http';

/// A whole answer to a chat.
export const answer = (text) => ({
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
});

/// Starts one. `models` is its list of models, as a value or as text; each chat is answered `ok`. It notes
/// `requests`: method, address and header fields. *scope* has an `after`.
export async function scriptedServer(scope, models = { data: [{ id: 'm' }] }) {
  const self = { models, requests: [] };
  const server = http.createServer((request, response) => {
    const { method, url, headers } = request;
    self.requests.push({ line: `${method} ${url}`, headers });
    request.resume().on('end', () => {
      const said = method === 'GET' ? self.models : answer('ok');
      response.setHeader('Content-Type', 'application/json');
      response.end(typeof said === 'string' ? said : JSON.stringify(said));
    });
  });
  await new Promise((open) => server.listen(0, '127.0.0.1', open));
  scope.after(() => {
    server.closeAllConnections();
    server.close();
  });
  self.origin = `http://127.0.0.1:${server.address().port}`;
  return self;
}

/// The arguments that lead nekod to an address as to an OpenAI-compatible server.
export const leadingToAddress = (url) => [
  ...['--upstream', 'openai', '--openai-url', url, '--store', 'memory', '--port', '0'],
];
