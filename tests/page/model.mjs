// A model that says what a test wants: a server with the OpenAI API.

import http from 'node:http';

const wait = (ms) => new Promise((wake) => setTimeout(wake, ms));

/// Starts it. `answer` takes the newest text and the request, and returns the pieces of an answer: texts, deltas, a
/// number of milliseconds to wait, or a function to wait for.
export async function model(scope, answer) {
  // `refuses`: whether it takes nobody's key.
  const state = { refuses: false, answer, requests: [], active: 0, ended: [] };
  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    if (state.refuses) {
      response.writeHead(401).end('{}');
      return;
    }
    if (request.url.endsWith('/models')) {
      const data = ['tiny-model', 'large-model'].map((id) => ({ id, object: 'model' }));
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ object: 'list', data }));
      return;
    }
    const body = JSON.parse(text);
    state.requests.push(body);
    const { content } = body.messages.at(-1);
    const words = typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('');
    const pieces = state.answer(words, body);
    if (pieces.status) {
      response.writeHead(pieces.status, { 'Content-Type': 'application/json', ...pieces.headers }).end(JSON.stringify({ error: { message: 'not now', type: 'x', code: pieces.code ?? 'x', param: null } }));
      return;
    }
    state.active += 1;
    let gone = false;
    response.on('close', () => {
      gone = true;
      state.active -= 1;
    });
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const send = (delta, finish = null) =>
      response.write(`data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: body.model, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`);
    send({ role: 'assistant', content: '' });
    for (const piece of pieces) {
      if (gone) return;
      if (typeof piece === 'number') await wait(piece);
      else if (typeof piece === 'function') await piece();
      else send(typeof piece === 'string' ? { content: piece } : piece);
    }
    send({}, 'stop');
    response.end('data: [DONE]\n\n');
  });
  await new Promise((open) => server.listen(0, '127.0.0.1', open));
  scope.after(() => {
    server.closeAllConnections();
    server.close();
  });
  state.url = `http://127.0.0.1:${server.address().port}/v1`;
  /// The arguments that point nekod at it.
  state.leading = ['--upstream', 'openai', '--openai-url', state.url, '--store', 'memory', '--port', '0', '--retries', '0', '--circuit-failures', '0'];
  return state;
}

/// *text* in pieces of that length.
export const inPieces = (text, length = 7) => text.match(new RegExp(`[^]{1,${length}}`, 'gu')) ?? [];
