// A model that a test scripts, behind a server with the chat API of OpenAI.

import { reply, scriptedServer } from '../e2e/scripted.mjs';
import { gateway } from '../e2e/support.mjs';

/// The deltas of a turn: reasoning and text in several pieces, then each call in two.
function deltasOf({ reasoning = '', text = '', refusal, calls = [] }) {
  const pieces = (words) => words.match(/.{1,4}/gsu) ?? [];
  return [
    { role: 'assistant' },
    ...pieces(reasoning).map((reasoning_content) => ({ reasoning_content })),
    ...pieces(text).map((content) => ({ content })),
    ...(refusal ? [{ refusal }] : []),
    ...calls.flatMap(({ id, name, args }, index) => [
      { tool_calls: [{ index, id, type: 'function', function: { name, arguments: args.slice(0, 5) } }] },
      { tool_calls: [{ index, function: { arguments: args.slice(5) } }] },
    ]),
  ];
}

const usage = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 };

/// The events of a turn, as text.
function eventsOf(turn) {
  const fields = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm' };
  const chunks = deltasOf(turn).map((delta) => ({ ...fields, choices: [{ index: 0, delta, finish_reason: null }] }));
  chunks.push({ ...fields, choices: [{ index: 0, delta: {}, finish_reason: turn.finish }] });
  chunks.push({ ...fields, choices: [], usage });
  return [...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]'].map((data) => `data: ${data}\n\n`);
}

/// A turn as a whole answer.
function wholeOf({ reasoning, text, refusal, calls, finish }) {
  const tool_calls = calls?.map(({ id, name, args }) => ({ id, type: 'function', function: { name, arguments: args } }));
  const message = { role: 'assistant', content: text ?? null, reasoning_content: reasoning, refusal, tool_calls };
  return { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message, finish_reason: finish }], usage };
}

/// Starts an upstream whose model is *think*: given the body of a request it returns its turn, which may have
/// - `reasoning`, `text`, `refusal`
/// - `calls`, each with `name` and `args` (an object, or text as it is)
/// - `finish`: the reason; left out, it follows from the calls
/// - `cut`: the connection breaks after that many events
/// - `error`: with `status` and `body`, instead of all others
/// @param options `bytes`: each byte of an event is a write of its own.
/// @returns the upstream; `told()` has the messages of its newest request, `bodies()` the bodies of all.
export async function scriptedModel(scope, think, { bytes = false } = {}) {
  let calls = 0;
  const upstream = await scriptedServer(scope, { data: [{ id: 'm' }] }, (request, response) => {
    const turn = think(request.body);
    if (turn.error) return reply(response, turn.error.status, turn.error.body);
    turn.calls = turn.calls?.map(({ name, args }) => ({
      id: `call_${++calls}`, name, args: typeof args === 'string' ? args : JSON.stringify(args),
    }));
    turn.finish ??= turn.calls?.length ? 'tool_calls' : 'stop';
    if (!request.body.stream) return reply(response, 200, wholeOf(turn));
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const events = eventsOf(turn);
    if (turn.cut !== undefined) return response.write(events.slice(0, turn.cut).join(''), () => response.destroy());
    for (const event of events)
      if (bytes) for (const byte of Buffer.from(event)) response.write(Buffer.of(byte));
      else response.write(event);
    return response.end();
  });
  upstream.bodies = () => upstream.chats().map(({ body }) => body);
  upstream.told = () => upstream.bodies().at(-1).messages;
  return upstream;
}

/// The arguments that point nekod at such an upstream.
export const leadingToModel = (upstream, store = 'memory') => [
  ...['--upstream', 'openai', '--openai-url', `${upstream.origin}/v1`],
  ...['--store', store, '--port', '0', '--retries', '0', '--circuit-failures', '0'],
];

/// Starts nekod in front of a new scripted model.
export async function beforeModel(scope, think, options) {
  const upstream = await scriptedModel(scope, think, options);
  return { upstream, nekod: await gateway(scope, leadingToModel(upstream)) };
}
