// The official openai package with the Responses API of nekod in front of a server with the chat API, with what only
// such a server can do: structured output, tools of each kind, reasoning, refusals, and failures under way.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { z } from 'zod';
import { beforeModel } from './model.mjs';
import { OpenAI, zodTextFormat } from './official.mjs';

/// The turn that the model takes next, or a function of the request.
let turn;
const { upstream, nekod } = await beforeModel({ after }, (body) => (typeof turn === 'function' ? turn(body) : { ...turn }));
const openai = new OpenAI({ apiKey: 'any', baseURL: `${nekod.url}/v1`, maxRetries: 0 });
const model = 'm';

const weather = {
  type: 'function', name: 'weather', strict: true,
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
};
const patch = { type: 'custom', name: 'patch', description: 'Changes a file.', format: { type: 'grammar', syntax: 'regex', definition: '.*' } };
const crm = { type: 'namespace', name: 'crm', description: 'Customers.', tools: [{ ...weather, name: 'find', strict: false }] };
const result = (call, output) => ({ type: `${call.type}_output`, call_id: call.call_id, output });

/// Both ways to get a response.
const ways = {
  whole: async (body) => openai.responses.create({ model, ...body }),
  streamed: async (body) => openai.responses.stream({ model, ...body }).finalResponse(),
};

test('structured output is parsed, whole and streamed', async () => {
  turn = { text: '{"animal":"cat","legs":4}' };
  const text = { format: zodTextFormat(z.object({ animal: z.string(), legs: z.number() }), 'animal') };
  const whole = await openai.responses.parse({ model, input: 'x', text });
  assert.deepEqual(whole.output_parsed, { animal: 'cat', legs: 4 });
  const { response_format } = upstream.bodies().at(-1);
  assert.equal(response_format.type, 'json_schema');
  assert.equal(response_format.json_schema.name, 'animal');
  assert.equal(response_format.json_schema.strict, true);
  assert.ok(response_format.json_schema.schema.properties.legs);
  assert.equal(whole.text.format.name, 'animal', 'the format is echoed');
  const streamed = await openai.responses.stream({ model, input: 'x', text }).finalResponse();
  assert.deepEqual(streamed.output_parsed, whole.output_parsed);
});

for (const [how, respond] of Object.entries(ways)) {
  test(`tools of each kind are called, and a chain tells their results, ${how}`, async () => {
    turn = {
      text: 'I look.',
      calls: [
        { name: 'weather', args: { city: 'Oslo' } },
        { name: 'patch', args: { input: '*** Begin\n"ä"\\\n' } },
        { name: 'crm__find', args: { city: 'Bonn' } },
      ],
    };
    const tools = [weather, patch, crm, { type: 'web_search' }];
    const first = await respond({ input: 'Weather?', tools });
    assert.equal(first.status, 'completed');
    assert.equal(first.output_text, 'I look.');
    const [function_call, custom, spaced] = first.output.slice(1);
    assert.deepEqual(first.output.map(({ type }) => type), ['message', 'function_call', 'custom_tool_call', 'function_call']);
    assert.deepEqual([function_call.name, function_call.arguments], ['weather', '{"city":"Oslo"}']);
    assert.deepEqual([custom.name, custom.input], ['patch', '*** Begin\n"ä"\\\n']);
    assert.deepEqual([spaced.namespace, spaced.name], ['crm', 'find']);
    assert.deepEqual(upstream.bodies().at(-1).tools.map((tool) => tool.function.name), ['weather', 'patch', 'crm__find']);

    turn = { text: 'It is cold.' };
    const second = await respond({
      previous_response_id: first.id, tools,
      // In another order than that of the calls.
      input: [result(spaced, 'nobody'), result(custom, 'done'), result(function_call, '-3')],
    });
    assert.equal(second.output_text, 'It is cold.');
    assert.equal(second.session_id, first.session_id);
    const ids = [function_call, custom, spaced].map(({ call_id }) => call_id);
    const messages = upstream.told();
    assert.deepEqual(messages.map(({ role }) => role), ['user', 'assistant', 'tool', 'tool', 'tool']);
    assert.equal(messages[1].content, 'I look.');
    assert.deepEqual(messages[1].tool_calls.map(({ id }) => id), ids);
    assert.deepEqual(messages.slice(2).map(({ tool_call_id, content }) => [tool_call_id, content]), [
      [ids[0], '-3'], [ids[1], 'done'], [ids[2], 'nobody'],
    ]);
  });

  test(`reasoning is told as a summary to those who ask for one, ${how}`, async () => {
    turn = { reasoning: 'Cats are quiet.', text: 'Miau.' };
    const asked = await respond({ input: 'x', reasoning: { effort: 'low', summary: 'auto' } });
    assert.equal(upstream.bodies().at(-1).reasoning_effort, 'low');
    assert.deepEqual(asked.output[0].summary, [{ type: 'summary_text', text: 'Cats are quiet.' }]);
    const plain = await respond({ input: 'x' });
    assert.deepEqual(plain.output[0].summary, []);
    assert.deepEqual(plain.output[0].content, [{ type: 'reasoning_text', text: 'Cats are quiet.' }]);
    assert.equal(plain.output_text, 'Miau.');
  });

  test(`usage is that of the upstream, ${how}`, async () => {
    turn = { text: 'ok' };
    const { usage } = await respond({ input: 'x' });
    assert.deepEqual(usage, {
      input_tokens: 7, input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: 5, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 12,
    });
  });

  test(`an answer cut by its length, a filtered one and a refusal say so, ${how}`, async () => {
    turn = { text: 'half', finish: 'length' };
    const cut = await respond({ input: 'x', max_output_tokens: 20 });
    assert.deepEqual([cut.status, cut.incomplete_details], ['incomplete', { reason: 'max_output_tokens' }]);
    assert.equal(cut.output[0].status, 'incomplete');
    turn = { text: 'half', finish: 'content_filter' };
    const filtered = await respond({ input: 'x' });
    assert.deepEqual([filtered.status, filtered.incomplete_details], ['incomplete', { reason: 'content_filter' }]);
    turn = { refusal: 'I will not.' };
    const refused = await respond({ input: 'x' });
    assert.equal(refused.status, 'completed');
    const [{ type, refusal }] = refused.output[0].content;
    assert.deepEqual([type, refusal], ['refusal', 'I will not.']);
  });

  test(`an incomplete answer goes on in its chain, ${how}`, async () => {
    turn = { text: 'half', finish: 'length' };
    const { id } = await respond({ input: 'x' });
    turn = { text: 'done' };
    assert.equal((await respond({ input: 'go on', previous_response_id: id })).output_text, 'done');
    assert.deepEqual(upstream.told().map(({ content }) => content), ['x', 'half', 'go on']);
  });

  test(`refusals of the upstream are errors of the package, ${how}`, async () => {
    const error = { message: 'too long', type: 'invalid_request_error', code: 'context_length_exceeded' };
    for (const [status, type] of [[400, OpenAI.BadRequestError], [429, OpenAI.RateLimitError], [401, OpenAI.InternalServerError]]) {
      turn = { error: { status, body: { error } } };
      await assert.rejects(respond({ input: 'x' }), (thrown) => {
        assert.ok(thrown instanceof type, `${status}: ${thrown.constructor.name}`);
        return true;
      });
    }
  });

  test(`images and files go up as parts, ${how}`, async () => {
    turn = { text: 'a dot' };
    const image = 'data:image/png;base64,iVBORw0KGgo=';
    const pdf = 'data:application/pdf;base64,JVBERi0=';
    const content = [
      { type: 'input_text', text: 'See.' },
      { type: 'input_image', image_url: image, detail: 'low' },
      { type: 'input_file', filename: 'a.pdf', file_data: pdf },
    ];
    assert.equal((await respond({ input: [{ role: 'user', content }] })).output_text, 'a dot');
    assert.deepEqual(upstream.told()[0].content, [
      { type: 'text', text: 'See.' },
      { type: 'image_url', image_url: { url: image, detail: 'low' } },
      { type: 'file', file: { filename: 'a.pdf', file_data: pdf } },
    ]);
  });
}

test('a stream that its upstream cuts throws, and its predecessor can be followed', async () => {
  turn = { text: 'ok' };
  const first = await openai.responses.create({ model, input: 'x' });
  turn = { text: 'a long text that is never told to its end', cut: 4 };
  const stream = openai.responses.stream({ model, input: 'y', previous_response_id: first.id });
  await assert.rejects(stream.finalResponse(), OpenAI.APIError);
  turn = { text: 'ok' };
  const next = await openai.responses.create({ model, input: 'z', previous_response_id: first.id });
  assert.equal(next.session_id, first.session_id);
  assert.deepEqual(upstream.told().map(({ content }) => content), ['x', 'ok', 'z']);
});

test('the package repeats what failed before it began, and gets one answer', async () => {
  let tries = 0;
  turn = () => (++tries < 3 ? { error: { status: 503, body: { error: { message: 'busy' } } } } : { text: 'ok' });
  const patient = openai.withOptions({ maxRetries: 2 });
  const response = await patient.responses.create({ model, input: 'x' });
  assert.equal(response.output_text, 'ok');
  assert.equal(tries, 3);
});
