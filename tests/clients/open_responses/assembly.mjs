// Reads streams of the Responses API, more strictly than any client: each event has its place, and what is told in
// pieces equals what is told at the end.

import assert from 'node:assert/strict';
import { validEvent } from './schemas.mjs';

/// The events of a stream's *text*, which ends in `[DONE]`, after checking each with its schema.
export function eventsIn(text) {
  assert.ok(text.endsWith('\n\n'), 'the last event is complete');
  const blocks = text.slice(0, -2).split('\n\n').filter((block) => !block.startsWith(':'));
  assert.equal(blocks.pop(), 'data: [DONE]');
  return blocks.map((block, number) => {
    const [, name, data] = block.match(/^event: (\S+)\ndata: (.*)$/);
    const event = validEvent(JSON.parse(data));
    assert.deepEqual([event.type, event.sequence_number], [name, number]);
    return event;
  });
}

/// How the pieces of each kind of part or call are told: the field with the whole, by the beginning of the events'
/// names.
const wholes = {
  'response.output_text': 'text',
  'response.refusal': 'refusal',
  'response.reasoning_text': 'text',
  'response.reasoning_summary_text': 'text',
  'response.function_call_arguments': 'arguments',
  'response.custom_tool_call_input': 'input',
};

/// What is told in a part or an item.
const contentOf = (told) => told.text ?? told.refusal ?? told.arguments ?? told.input;

/// Follows one stream, event by event.
class Assembly {
  output = [];
  #item;
  #part;
  #pieces;
  #whole;

  /// An item begins behind the former one.
  added({ output_index, item }) {
    assert.equal(this.#item, undefined, 'the former item is complete');
    assert.equal(output_index, this.output.length);
    this.#item = { ...item, parts: [], summary: [] };
    this.#begin(['function_call', 'custom_tool_call'].includes(item.type) ? '' : undefined);
  }

  #begin(pieces) {
    this.#pieces = pieces;
    this.#whole = undefined;
  }

  #here(event) {
    assert.equal(event.output_index, this.output.length);
    assert.equal(event.item_id, this.#item.id);
  }

  partAdded(event, at, parts) {
    this.#here(event);
    assert.equal(this.#part, undefined, 'the former part is complete');
    assert.equal(at, parts.length);
    this.#part = event.part;
    this.#begin('');
  }

  delta(event) {
    this.#here(event);
    assert.equal(this.#whole, undefined, 'it was complete');
    this.#pieces += event.delta;
  }

  /// All pieces of a part or call have come.
  whole(event, told) {
    this.#here(event);
    assert.equal(told, this.#pieces);
    this.#whole = told;
  }

  partDone(event, at, parts) {
    this.#here(event);
    assert.equal(at, parts.length);
    assert.equal(event.part.type, this.#part.type);
    assert.equal(contentOf(event.part), this.#whole);
    parts.push(event.part);
    this.#part = undefined;
  }

  done({ output_index, item }) {
    assert.equal(output_index, this.output.length);
    assert.equal(this.#part, undefined, 'its last part is complete');
    const { parts, summary, ...begun } = this.#item;
    for (const key of ['id', 'type', 'role', 'name', 'call_id', 'namespace']) assert.deepEqual(item[key], begun[key], key);
    if (item.type === 'message') assert.deepEqual(item.content, parts);
    else if (item.type === 'reasoning') assert.deepEqual([item.content ?? [], item.summary], [parts, summary]);
    else assert.equal(contentOf(item), this.#whole);
    this.output.push(item);
    this.#item = undefined;
  }

  take(event) {
    const { type } = event;
    if (type === 'response.output_item.added') return this.added(event);
    if (type === 'response.output_item.done') return this.done(event);
    if (type === 'response.content_part.added') return this.partAdded(event, event.content_index, this.#item.parts);
    if (type === 'response.content_part.done') return this.partDone(event, event.content_index, this.#item.parts);
    if (type === 'response.reasoning_summary_part.added') return this.partAdded(event, event.summary_index, this.#item.summary);
    if (type === 'response.reasoning_summary_part.done') return this.partDone(event, event.summary_index, this.#item.summary);
    const [, begin, end] = type.match(/^(.*)\.(delta|done)$/) ?? [];
    assert.ok(begin in wholes, `${type} has no place there`);
    return end === 'delta' ? this.delta(event) : this.whole(event, event[wholes[begin]]);
  }

  get resting() {
    return this.#item === undefined;
  }
}

/// Checks the order of *events* and that all of them tell the same, and returns the response of the last one.
export function assembled(events) {
  assert.deepEqual(events.slice(0, 2).map(({ type }) => type), ['response.created', 'response.in_progress']);
  const { response } = events.at(-1);
  const failed = response.status === 'failed';
  const told = events.slice(2, failed ? -2 : -1);
  if (failed) assert.equal(events.at(-2).type, 'error');
  const assembly = new Assembly();
  for (const event of told) assembly.take(event);
  if (!failed) {
    assert.ok(assembly.resting, 'all items are complete');
    assert.deepEqual(response.output, assembly.output);
  }
  const echo = ({ status, completed_at, output, usage, incomplete_details, error, ...rest }) => rest;
  for (const event of events.filter((each) => each.response)) assert.deepEqual(echo(event.response), echo(response));
  return response;
}
