// The official openai package with the Responses API: whole answers, and streams that it assembles strictly.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { pair, patience, unique } from '../e2e/support.mjs';
import { kind } from './kinds.mjs';
import { OpenAI } from './official.mjs';

const { leading, models } = kind;
const { nekod } = await pair({ after }, { leading });
const openai = new OpenAI({ apiKey: 'any', baseURL: `${nekod.url}/v1`, maxRetries: 0, timeout: patience });
const [model] = models;

test('a whole answer has its text', async () => {
  const text = unique();
  const response = await openai.responses.create({ model, input: text });
  assert.equal(response.status, 'completed');
  assert.ok(response.output_text.includes(text));
});

test('a stream is assembled to the answer that its end tells', async () => {
  const text = unique();
  let told = '';
  const stream = openai.responses.stream({ model, input: text });
  stream.on('response.output_text.delta', (event) => (told += event.delta));
  const response = await stream.finalResponse();
  assert.equal(response.status, 'completed');
  assert.equal(told, response.output_text);
  assert.ok(told.includes(text));
});

test('output that is sent back goes on in the same session', async () => {
  const input = [{ role: 'user', content: unique() }];
  const first = await openai.responses.create({ model, input });
  const next = await openai.responses.create({
    model,
    input: [...input, ...first.output, { role: 'user', content: unique() }],
  });
  assert.equal(next.session_id, first.session_id);
});

test('an unknown predecessor is an error that the package knows', async () => {
  await assert.rejects(openai.responses.create({ model, input: 'x', previous_response_id: 'resp_0' }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.code, 'previous_response_not_found');
    assert.equal(error.param, 'previous_response_id');
    return true;
  });
});
