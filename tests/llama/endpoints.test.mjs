// llama.cpp's other endpoints, through nekod.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { answered, inFrontOf, llamaServer } from './llama.mjs';

const llama = await llamaServer({ after }, ['--embeddings', '--pooling', 'mean']);
const nekod = await inFrontOf({ after }, llama);

/// The answers to the same request with and without nekod.
async function both(path, body) {
  const [ours, direct] = [await answered(await nekod.post(body, { path })), await llama.ask(body, path)];
  assert.equal(direct.status, 200, JSON.stringify(direct.body));
  assert.equal(ours.status, 200, JSON.stringify(ours.body));
  return [ours.body, direct.body];
}

test('embeddings', async () => {
  for (const input of ['the cat sat', ['the cat sat', 'on a mat']]) {
    const [ours, direct] = await both('/v1/embeddings', { model: 'tiny', input });
    assert.deepEqual(ours, direct);
    assert.ok(ours.data.every(({ embedding }) => embedding.length === 64));
  }
});

test('tokens of a text, and a text of tokens', async () => {
  const [ours, direct] = await both('/tokenize', { content: 'the cat sat' });
  assert.deepEqual(ours, direct);
  const [text] = await both('/detokenize', { tokens: ours.tokens });
  assert.equal(text.content.trim(), 'the cat sat');
});

test('what it refuses comes in its words', async () => {
  const body = { model: 'tiny' };
  const direct = await llama.ask(body, '/v1/embeddings');
  const ours = await answered(await nekod.post(body, { path: '/v1/embeddings' }));
  assert.deepEqual([ours.status, ours.body.error.message], [direct.status, direct.body.error.message]);
});
