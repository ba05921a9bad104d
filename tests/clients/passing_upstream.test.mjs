// The official SDK's other endpoints through nekod: embeddings, images, speech, transcriptions and moderations with
// aimock and its own answers; legacy completions with a server of ours.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import OpenAI, { toFile } from 'openai';
import { Foreign, folder } from '../e2e/foreign.mjs';
import { bodyOf, passedTo } from '../e2e/passing.mjs';
import { gateway } from '../e2e/support.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const program = join(here, 'node_modules/@copilotkit/aimock/dist/cli.js');

const speech = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 256));
const picture = Buffer.from('a picture').toString('base64');

const fixtures = [
  { match: { inputText: 'a cat', endpoint: 'embedding' }, response: { embedding: [0.25, -1, 0.5] } },
  { match: { userMessage: 'a red cat', endpoint: 'image' }, response: { image: { b64Json: picture } } },
  { match: { userMessage: 'meow', endpoint: 'speech' }, response: { audio: speech.toString('base64'), format: 'mp3' } },
  { match: { endpoint: 'transcription' }, response: { transcription: { text: 'meow meow' } } },
];

async function aimock(scope) {
  const home = folder(scope, { 'fixtures.json': JSON.stringify({ fixtures }) });
  const command = [process.execPath, program, '--port', '0', '--fixtures', join(home, 'fixtures.json')];
  const running = new Foreign(scope, command);
  const [, url] = await running.seen(/listening on (http:\S+)/);
  return url;
}

async function client(scope, url) {
  const where = ['--upstream', 'openai', '--openai-url', url, '--openai-key', 'k', '--model-alias', 'mine=real-model'];
  const nekod = await gateway(scope, [...where, '--store', 'memory', '--port', '0']);
  return new OpenAI({ apiKey: 'any', baseURL: `${nekod.url}/v1`, maxRetries: 0 });
}

const openai = await client({ after }, `${await aimock({ after })}/v1`);

test('embeddings', async () => {
  const asked = { model: 'text-embedding-3-small', input: 'a cat', encoding_format: 'float' };
  const answer = await openai.embeddings.create(asked);
  assert.deepEqual(answer.data[0].embedding, [0.25, -1, 0.5]);
});

test('an image', async () => {
  const answer = await openai.images.generate({ model: 'gpt-image-1', prompt: 'a red cat' });
  assert.equal(answer.data[0].b64_json, picture);
});

test('speech, as bytes', async () => {
  const answer = await openai.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'meow' });
  assert.match(answer.headers.get('content-type'), /^audio\//);
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), speech);
});

test('a transcription of an upload', async () => {
  for (const size of [1000, 3 << 20]) {
    const file = await toFile(Buffer.alloc(size, 7), 'meow.wav');
    const answer = await openai.audio.transcriptions.create({ file, model: 'whisper-1' });
    assert.equal(answer.text, 'meow meow');
  }
});

test('moderations', async () => {
  const answer = await openai.moderations.create({ model: 'omni-moderation-latest', input: 'a cat' });
  assert.equal(answer.results[0].flagged, false);
});

test('an error keeps its class and words', async () => {
  const asked = openai.embeddings.create({ model: '', input: 5 });
  await assert.rejects(asked, (error) => error instanceof OpenAI.APIError && error.status >= 400 && error.status < 500);
});

test('legacy completions, whole and streamed, by an alias', async (t) => {
  const upstream = await passedTo(t, async (request, response, noted) => {
    noted.body = JSON.parse(await bodyOf(request));
    const piece = (text) => ({ id: 'c', object: 'text_completion', choices: [{ index: 0, text, finish_reason: null }] });
    if (!noted.body.stream) {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      return response.end(JSON.stringify(piece('meow')));
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    for (const text of ['me', 'ow']) response.write(`data: ${JSON.stringify(piece(text))}\n\n`);
    return response.end('data: [DONE]\n\n');
  });
  const sdk = await client(t, upstream.url);
  const call = { model: 'mine', prompt: 'say' };
  assert.equal((await sdk.completions.create(call)).choices[0].text, 'meow');
  let text = '';
  for await (const chunk of await sdk.completions.create({ ...call, stream: true })) text += chunk.choices[0].text;
  assert.equal(text, 'meow');
  for (const heard of upstream.heard) assert.equal(heard.body.model, 'real-model');
});
