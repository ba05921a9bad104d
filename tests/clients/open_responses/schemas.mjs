// JSON schemas of every object and event of the Responses and Conversations APIs that nekod sends, written from Open
// Responses and OpenAI's OpenAPI document, not from nekod's. They are closed: an unknown key is an error.

import Ajv from 'ajv';

const string = { type: 'string' };
const id = { type: 'string', minLength: 1 };
const bool = { type: 'boolean' };
const number = { type: 'number' };
const count = { type: 'integer', minimum: 0 };
const any = {};
const literal = (...values) => ({ enum: values });
const list = (items) => ({ type: 'array', items });
const nullable = (schema) => ({ anyOf: [{ type: 'null' }, schema] });
const oneOf = (...schemas) => ({ anyOf: schemas });
/// An object with these *fields*, of which all are required, and *more* that may be left out.
const object = (fields, more = {}) => ({
  type: 'object', properties: { ...fields, ...more }, required: Object.keys(fields), additionalProperties: false,
});
const freeObject = { type: 'object' };

const outputText = object({ type: literal('output_text'), text: string, annotations: list(freeObject), logprobs: list(freeObject) });
const refusal = object({ type: literal('refusal'), refusal: string });
const reasoningText = object({ type: literal('reasoning_text'), text: string });
const summaryText = object({ type: literal('summary_text'), text: string });
const inputText = object({ type: literal('input_text'), text: string });
const inputImage = object({ type: literal('input_image') }, { image_url: nullable(string), file_id: nullable(string), detail: nullable(string) });
const inputFile = object({ type: literal('input_file') }, { filename: string, file_data: string, file_url: string, file_id: nullable(string) });
const inputPart = oneOf(inputText, inputImage, inputFile);

const status = literal('in_progress', 'completed', 'incomplete');
const answer = object({ id, type: literal('message'), role: literal('assistant'), status, content: list(oneOf(outputText, refusal)) });
const functionCall = object({ id, type: literal('function_call'), status, call_id: id, name: id, arguments: string }, { namespace: id });
const customCall = object({ id, type: literal('custom_tool_call'), status, call_id: id, name: id, input: string }, { namespace: id });
const reasoning = object(
  { id, type: literal('reasoning'), status, summary: list(summaryText) },
  { content: list(reasoningText), encrypted_content: string },
);
const outputItem = oneOf(answer, functionCall, customCall, reasoning);

const said = object({ id, type: literal('message'), role: literal('user', 'system', 'developer'), status, content: list(inputPart) });
const output = oneOf(string, list(inputPart));
const result = object({ id, type: literal('function_call_output', 'custom_tool_call_output'), call_id: id, output, status });
const item = oneOf(outputItem, said, result);

const functionTool = object({
  type: literal('function'), name: id, description: nullable(string), parameters: nullable(freeObject), strict: nullable(bool),
});
/// Tools of other types are told as they were declared.
const tool = { if: { properties: { type: literal('function') } }, then: functionTool, else: freeObject };
const format = oneOf(
  object({ type: literal('text', 'json_object') }),
  object({ type: literal('json_schema'), name: id, schema: freeObject, strict: nullable(bool), description: nullable(string) }),
);
const usage = object({
  input_tokens: count, input_tokens_details: object({ cached_tokens: count, cache_write_tokens: count }),
  output_tokens: count, output_tokens_details: object({ reasoning_tokens: count }), total_tokens: count,
});
const error = object({ code: id, message: id });
const incomplete = object({ reason: literal('max_output_tokens', 'content_filter') });

const fields = {
  id: { type: 'string', pattern: '^resp_.' },
  object: literal('response'),
  created_at: count,
  completed_at: nullable(count),
  status: literal('queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled'),
  error: nullable(error),
  incomplete_details: nullable(incomplete),
  instructions: nullable(string),
  model: id,
  output: list(outputItem),
  previous_response_id: nullable(id),
  conversation: nullable(object({ id })),
  parallel_tool_calls: bool,
  tool_choice: oneOf(literal('none', 'auto', 'required'), freeObject),
  tools: list(tool),
  text: object({ format, verbosity: literal('low', 'medium', 'high') }),
  reasoning: object({ effort: nullable(string), summary: nullable(string) }),
  temperature: number,
  top_p: number,
  presence_penalty: number,
  frequency_penalty: number,
  top_logprobs: count,
  max_output_tokens: nullable(count),
  max_tool_calls: nullable(count),
  truncation: literal('auto', 'disabled'),
  service_tier: string,
  store: bool,
  background: bool,
  metadata: { type: 'object', additionalProperties: string },
  safety_identifier: nullable(string),
  prompt_cache_key: nullable(string),
  usage: nullable(usage),
};
/// What a status demands of other fields.
const when = (value, properties) => ({ if: { properties: { status: { const: value } } }, then: { properties } });
const none = { type: 'null' };
const response = {
  ...object(fields, { user: nullable(string), prompt_cache_retention: nullable(string), session_id: id }),
  allOf: [
    when('completed', { completed_at: count, error: none, incomplete_details: none, usage, output: { minItems: 1 } }),
    when('incomplete', { completed_at: none, error: none, incomplete_details: incomplete, usage, output: { minItems: 1 } }),
    when('failed', { completed_at: none, error, incomplete_details: none }),
    when('in_progress', { completed_at: none, error: none, incomplete_details: none, usage: none }),
    when('queued', { completed_at: none, error: none, output: { maxItems: 0 }, usage: none }),
  ],
};

const place = { item_id: id, output_index: count };
const partPlace = { ...place, content_index: count };
const summaryPlace = { ...place, summary_index: count };
const logprobs = list(freeObject);
const part = oneOf(outputText, refusal, reasoningText);
const openPart = { if: { properties: { type: literal('refusal') } }, then: { properties: { refusal: { const: '' } } }, else: { properties: { text: { const: '' } } } };
const started = { properties: { status: { const: 'in_progress' } } };
const ended = { properties: { status: literal('completed', 'incomplete') } };

/// The fields of each event besides `type` and `sequence_number`.
const events = {
  ...Object.fromEntries(
    ['created', 'queued', 'in_progress', 'completed', 'incomplete', 'failed'].map((name) => {
      const stands = name === 'created' ? literal('queued', 'in_progress') : { const: name };
      return [`response.${name}`, { response: { allOf: [response, { properties: { status: stands } }] } }];
    }),
  ),
  'response.output_item.added': { output_index: count, item: { allOf: [outputItem, started] } },
  'response.output_item.done': { output_index: count, item: { allOf: [outputItem, ended] } },
  'response.content_part.added': { ...partPlace, part: { allOf: [part, openPart] } },
  'response.content_part.done': { ...partPlace, part },
  'response.output_text.delta': { ...partPlace, delta: id, logprobs },
  'response.output_text.done': { ...partPlace, text: string, logprobs },
  'response.refusal.delta': { ...partPlace, delta: id },
  'response.refusal.done': { ...partPlace, refusal: string },
  'response.function_call_arguments.delta': { ...place, delta: id },
  'response.function_call_arguments.done': { ...place, name: id, arguments: string },
  'response.custom_tool_call_input.delta': { ...place, delta: id },
  'response.custom_tool_call_input.done': { ...place, input: string },
  'response.reasoning_text.delta': { ...partPlace, delta: id },
  'response.reasoning_text.done': { ...partPlace, text: string },
  'response.reasoning_summary_part.added': { ...summaryPlace, part: { allOf: [summaryText, openPart] } },
  'response.reasoning_summary_part.done': { ...summaryPlace, part: summaryText },
  'response.reasoning_summary_text.delta': { ...summaryPlace, delta: id },
  'response.reasoning_summary_text.done': { ...summaryPlace, text: string },
  error: { error: object({ type: id, code: nullable(string), message: id, param: nullable(string) }) },
};

const page = object({ object: literal('list'), data: list(item), first_id: string, last_id: string, has_more: bool });
const conversation = object({ id: { type: 'string', pattern: '^conv_.' }, object: literal('conversation'), created_at: count, metadata: { type: 'object', additionalProperties: string } });
const deleted = (kind) => object({ id, object: literal(kind), deleted: { const: true } });
const failure = object({ error: object({ message: id, type: id, param: nullable(string), code: nullable(string) }) });

const ajv = new Ajv({ allErrors: false, strict: false });
const compiled = Object.fromEntries(
  Object.entries({
    any, response, item, page, conversation, failure,
    responseDeleted: deleted('response'), conversationDeleted: deleted('conversation.deleted'),
  }).map(([name, schema]) => [name, ajv.compile(schema)]),
);
const compiledEvents = Object.fromEntries(
  Object.entries(events).map(([type, more]) => [type, ajv.compile(object({ type: literal(type), sequence_number: count, ...more }))]),
);

const complain = (check, value, name) => {
  if (!check(value)) throw new Error(`${name}: ${ajv.errorsText(check.errors)}\n${JSON.stringify(value, null, 1)}`);
  return value;
};

/// Throws unless *value* is a `response`, `item`, `page`, `conversation`, `failure`, `responseDeleted` or
/// `conversationDeleted`, and returns it.
export const valid = (name, value) => complain(compiled[name], value, name);

/// Throws unless *event* is one of the known events, and returns it.
export function validEvent(event) {
  const check = compiledEvents[event.type];
  if (!check) throw new Error(`unknown event ${event.type}`);
  return complain(check, event, event.type);
}

/// The types of all known events.
export const eventTypes = Object.keys(events);
