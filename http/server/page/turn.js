// A turn: a response that runs in the background of nekod, so that it goes on without this page, and can be followed by
// it again. What is said, and what comes back, in the form of `history.js`.

import { ApiError, call, events } from './api.js';

/// The items of the Responses API that tell *message*.
export function itemsOf({ role, text, images = [], calls = [], call: of }) {
  if (role === 'tool') return [{ type: 'function_call_output', call_id: of, output: text }];
  const type = role === 'assistant' ? 'output_text' : 'input_text';
  const pictures = images.map((url) => ({ type: 'input_image', image_url: url }));
  const content = pictures.length ? [...(text ? [{ type, text }] : []), ...pictures] : [{ type, text }];
  const items = text || pictures.length || !calls.length ? [{ type: 'message', role, content }] : [];
  for (const each of calls) items.push({ type: 'function_call', call_id: each.id, name: each.name, arguments: each.arguments });
  for (const each of calls) if (each.result !== undefined) items.push({ type: 'function_call_output', call_id: each.id, output: each.result });
  return items;
}

const bodyOf = (items, model, { max_tokens: most, ...parameters }) => ({
  ...parameters,
  ...(most && { max_output_tokens: most }),
  ...(model && { model }),
  reasoning: { summary: 'auto' },
  background: true,
  stream: true,
  input: items,
});

/// What has come of an answer, and where to go on with it.
export class Turn {
  /// @param session The session's name.
  /// @param request `key` to recognise it by if it is sent twice, `items`, `model`, `parameters`; `id` is that of the
  /// response, once it is known.
  constructor(session, request) {
    Object.assign(this, { session, request });
    this.clear();
  }

  /// Begins to read from the beginning.
  clear() {
    Object.assign(this, { seen: -1, text: '', reasoning: '', calls: [], pieces: 0, first: undefined, last: undefined, state: undefined });
  }

  /// Asks for the turn, or goes on reading it.
  /// @returns the response whose events `take` is to be given.
  async open(signal) {
    const { id, key, items, model, parameters } = this.request;
    if (!id) {
      this.clear();
      const headers = { 'X-Nekod-Session': this.session, 'Idempotency-Key': key };
      return call('POST', 'v1/responses', { body: bodyOf(items, model, parameters), headers, signal });
    }
    const path = `v1/responses/${id}?stream=true`;
    try {
      return await call('GET', this.seen < 0 ? path : `${path}&starting_after=${this.seen}`, { signal });
    } catch (error) {
      if (error.code !== 'stream_expired') throw error;
    }
    this.clear();
    return call('GET', path, { signal });
  }

  /// Reads until the end, or until the connection breaks. *changed* is called for all that comes.
  async read(signal, changed) {
    const response = await this.open(signal);
    this.asked = response.headers.get('X-Request-Id') ?? '';
    changed();
    for await (const event of events(response)) {
      this.take(event);
      changed();
    }
    this.state ??= 'stopped';
  }

  take(event) {
    this.seen = event.sequence_number ?? this.seen;
    const { delta, response } = event;
    if (response) {
      this.request.id = response.id;
      this.model = response.model || this.model;
      this.tokens = response.usage?.output_tokens || this.tokens;
    }
    switch (event.type) {
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        this.text += delta;
        break;
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        this.reasoning += delta;
        break;
      case 'response.output_item.added':
        if (/_call$/.test(event.item.type)) this.calls[event.output_index] = { id: event.item.call_id, name: event.item.name, arguments: '' };
        return;
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        this.calls[event.output_index].arguments += delta;
        break;
      case 'error':
        throw new ApiError(event.error.message, { ...event.error, request: this.asked });
      case 'response.failed':
        throw new ApiError(response.error?.message ?? '', { code: response.error?.code, request: this.asked });
      case 'response.completed':
      case 'response.incomplete':
        this.state = 'done';
        this.finish = response.incomplete_details?.reason;
        return;
      default:
        return;
    }
    this.first ??= performance.now();
    this.last = performance.now();
    this.pieces += 1;
  }

  /// What the view shows of it.
  get shown() {
    const { text, reasoning, model, tokens, pieces, first, last, finish } = this;
    return { text, reasoning, calls: this.calls.filter(Boolean), model, tokens, pieces, first, last, finish, request: this.asked };
  }

  /// Stops it at once.
  /// @returns whether it was stopped; otherwise it had ended.
  async cancel() {
    const response = await call('POST', `v1/responses/${this.request.id}/cancel`);
    return (await response.json()).status === 'cancelled';
  }
}
