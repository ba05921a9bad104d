// Requests for responses, and what comes back.

import assert from 'node:assert/strict';

/// Sends a request for a response to the nekod *to*.
export const respond = (to, body, headers = {}) =>
  fetch(`${to.url}/v1/responses`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

/// The response of a whole answer.
export async function responseOf(to, body, headers) {
  const response = await respond(to, body, headers);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return { response, json: JSON.parse(text) };
}

/// The events of a stream, after checking their numbers, names and end.
export async function eventsOf(response) {
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  const blocks = (await response.text()).split('\n\n').filter((block) => block && !block.startsWith(':'));
  assert.equal(blocks.pop(), 'data: [DONE]');
  return blocks.map((block, number) => {
    const [, name, data] = block.match(/^event: (\S+)\ndata: (.*)$/);
    const event = JSON.parse(data);
    assert.equal(event.type, name);
    assert.equal(event.sequence_number, number);
    return event;
  });
}

/// Has the scripted *upstream* answer streams with these deltas, then with *reason*; whole answers have the text
/// and the calls of the deltas.
export function answerChatsWith(upstream, deltas, reason = 'stop', fields = {}) {
  upstream.say = (_, response) => {
    const chunk = (delta, finish_reason = null, more = {}) =>
      `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }], ...more })}\n\n`;
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.end(`${deltas.map((d) => chunk(d)).join('')}${chunk({}, reason, fields)}data: [DONE]\n\n`);
  };
}

/// The text of a response's messages and reasoning.
export const textOf = (response) =>
  response.output.flatMap((item) => item.content ?? []).map((part) => part.text ?? '').join('');
