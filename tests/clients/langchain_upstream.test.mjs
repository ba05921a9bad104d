// LangChain with `useResponsesApi`, with nekod in front of a server with the chat API: tools in chains and in sent
// histories, structured output, reasoning, usage.

import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { z } from 'zod';
import { beforeModel } from './model.mjs';

/// What the model does next, given the body of a request.
let think;
const { upstream, nekod } = await beforeModel({ after }, (body) => think(body));
let sent = [];
const noting = async (address, options) => {
  const response = await fetch(address, options);
  sent.push(response);
  return response;
};
const client = (fields = {}) =>
  new ChatOpenAI({
    ...{ model: 'm', apiKey: 'any', useResponsesApi: true, maxRetries: 0 },
    ...{ configuration: { baseURL: `${nekod.url}/v1`, fetch: noting }, ...fields },
  });

const look_up = {
  type: 'function',
  function: { name: 'look_up', parameters: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] } },
};
const ways = {
  whole: (chat, messages, options) => chat.invoke(messages, options),
  streamed: async (chat, messages, options) => {
    let answer;
    for await (const chunk of await chat.stream(messages, options)) answer = answer ? answer.concat(chunk) : chunk;
    return answer;
  },
};
const roles = () => upstream.told().map(({ role }) => role);

for (const [how, ask] of Object.entries(ways)) {
  for (const chained of [false, true]) {
    test(`tools are called and answered, ${chained ? 'in a chain' : 'in a history'}, ${how}`, async () => {
      sent = [];
      think = ({ messages }) =>
        messages.at(-1).role === 'tool'
          ? { reasoning: 'Known now.', text: `it is ${messages.at(-1).content}` }
          : { reasoning: 'Unknown.', text: 'I look.', calls: ['a', 'b'].map((word) => ({ name: 'look_up', args: { word } })) };
      const chat = client().bindTools([look_up]);
      let messages = [];
      let last;
      for (const text of ['one', 'two']) {
        for (let next = [new HumanMessage(text)]; next.length; ) {
          messages = chained ? next : [...messages, ...next];
          last = await ask(chat, messages, { previous_response_id: chained ? last?.response_metadata.id : undefined });
          messages = [...messages, last];
          next = last.tool_calls.map(({ id, args }) => new ToolMessage({ tool_call_id: id, content: `<${args.word}>` }));
        }
        assert.equal(last.text, 'it is <b>');
      }
      const turn = ['user', 'assistant', 'tool', 'tool'];
      assert.deepEqual(roles(), [...turn, 'assistant', ...turn]);
      const [, asks, ...results] = upstream.told();
      assert.equal(asks.content, 'I look.');
      assert.deepEqual(results.slice(0, 2).map(({ tool_call_id }) => tool_call_id), asks.tool_calls.map(({ id }) => id));
      assert.equal(new Set(sent.map(({ headers }) => headers.get('x-session-id'))).size, 1);
      assert.equal(last.usage_metadata.total_tokens, 12);
    });
  }

  test(`reasoning is shown as a summary, ${how}`, async () => {
    think = () => ({ reasoning: 'Cats are quiet.', text: 'Miau.' });
    // Its own field is for models whose names it knows.
    const answer = await ask(client({ modelKwargs: { reasoning: { summary: 'auto' } } }), [new HumanMessage('x')]);
    assert.equal(answer.text, 'Miau.');
    assert.equal(answer.additional_kwargs.reasoning.summary.map(({ text }) => text).join(''), 'Cats are quiet.');
  });
}

test('structured output is parsed', async () => {
  think = ({ response_format }) => ({ text: JSON.stringify({ city: 'Oslo', form: response_format.type }) });
  const chat = client().withStructuredOutput(z.object({ city: z.string(), form: z.string() }), { method: 'jsonSchema' });
  assert.deepEqual(await chat.invoke('Where?'), { city: 'Oslo', form: 'json_schema' });
});

test('an answer that was cut by its length says so', async () => {
  think = () => ({ text: 'half', finish: 'length' });
  const answer = await client().invoke('x');
  assert.equal(answer.response_metadata.incomplete_details.reason, 'max_output_tokens');
});
