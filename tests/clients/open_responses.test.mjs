// The cases of the compliance suite of Open Responses, all at once, each whole and streamed, with strict schemas; in
// front of a server with the chat API also with its events in single bytes.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { pair, unique } from '../e2e/support.mjs';
import { kind } from './kinds.mjs';
import { beforeModel } from './model.mjs';
import { assembled, eventsIn } from './open_responses/assembly.mjs';
import { valid, validEvent } from './open_responses/schemas.mjs';

const anuneko = kind.name === 'anuneko';

/// A model that calls the first tool it is offered, unless the user has the answer already.
const think = ({ messages, tools }) =>
  tools && messages.at(-1).role !== 'tool'
    ? { reasoning: 'I look.', calls: [{ name: tools[0].function.name, args: { location: 'Paris, "France"' } }] }
    : { reasoning: 'I know.', text: `So much for "${messages.length}" \\ ä 猫 😺.` };

const servers = anuneko
  ? { whole: (await pair({ after }, { leading: kind.leading })).nekod }
  : { whole: (await beforeModel({ after }, think)).nekod, bytes: (await beforeModel({ after }, think, { bytes: true })).nekod };

const user = (content) => ({ type: 'message', role: 'user', content });
const weather = {
  type: 'function', name: 'get_weather', description: 'The weather of a place.',
  parameters: { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] },
};
const png = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const pdf = `data:application/pdf;base64,${Buffer.from('%PDF-1.4\n%%EOF\n').toString('base64')}`;

/// Sends requests to one server, whole or streamed, and checks all that comes back.
const asking = (nekod, stream) => async (body) => {
  const response = await fetch(`${nekod.url}/v1/responses`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer any' },
    body: JSON.stringify({ model: anuneko ? kind.models[0] : 'm', stream, ...body }),
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const told = stream ? assembled(eventsIn(text)) : JSON.parse(text);
  valid('response', told);
  assert.equal(told.status, 'completed');
  const kept = await fetch(`${nekod.url}/v1/responses/${told.id}`);
  assert.deepEqual(await kept.json(), told, 'it is kept as it was told');
  const items = await (await fetch(`${nekod.url}/v1/responses/${told.id}/input_items?order=asc`)).json();
  valid('page', items);
  return told;
};

const called = (response) => {
  const found = response.output.find(({ type }) => type === 'function_call');
  assert.deepEqual([found.name, JSON.parse(found.arguments)], ['get_weather', { location: 'Paris, "France"' }]);
  return found;
};

/// The cases for any upstream, and those that take more than text.
const texts = {
  'basic response': (ask) => ask({ input: [user(`Say hello ${unique()}.`)] }),
  'system prompt': (ask) =>
    ask({ input: [{ type: 'message', role: 'system', content: 'You are a pirate.' }, user(`Say hello ${unique()}.`)] }),
  'multi turn': (ask) =>
    ask({ input: [user(`My name is ${unique()}.`), { type: 'message', role: 'assistant', content: 'Hello!' }, user('My name?')] }),
  'previous response': async (ask) => {
    const { id, session_id } = await ask({ input: `Remember ${unique()}.` });
    const next = await ask({ input: 'What was it?', previous_response_id: id });
    assert.deepEqual([next.previous_response_id, next.session_id], [id, session_id]);
  },
};
const others = {
  'tool calling': async (ask) => called(await ask({ input: [user('Weather in Paris?')], tools: [weather] })),
  'function call round trip': async (ask) => {
    const tool_choice = { type: 'function', name: 'get_weather' };
    const first = await ask({ input: 'Weather in Paris?', tools: [weather], tool_choice });
    const input = [{ type: 'function_call_output', call_id: called(first).call_id, output: '20 C' }];
    const second = await ask({ input, previous_response_id: first.id });
    assert.equal(second.output.at(-1).type, 'message');
  },
  'image input': (ask) =>
    ask({ input: [user([{ type: 'input_text', text: 'What is it?' }, { type: 'input_image', image_url: png }])] }),
  'file input': (ask) =>
    ask({ input: [user([{ type: 'input_text', text: 'What is it?' }, { type: 'input_file', filename: 'a.pdf', file_data: pdf }])] }),
  'reasoning as a summary': async (ask) => {
    const { output } = await ask({ input: 'Think.', reasoning: { effort: 'low', summary: 'auto' } });
    assert.equal(output[0].summary[0].text, 'I know.');
  },
  'custom tool': async (ask) => {
    const { output } = await ask({ input: 'Patch.', tools: [{ type: 'custom', name: 'patch' }] });
    assert.equal(output.at(-1).type, 'custom_tool_call');
  },
};

test('all cases at once', async () => {
  const cases = Object.entries(anuneko ? texts : { ...texts, ...others });
  const runs = Object.entries(servers).flatMap(([how, nekod]) =>
    // A whole answer has no events to slice.
    (how === 'bytes' ? [true] : [false, true]).flatMap((stream) => cases.map(([name, run]) => ({ name: `${name}, ${how}, stream ${stream}`, nekod, stream, run }))));
  const results = await Promise.allSettled(runs.map(({ nekod, stream, run }) => run(asking(nekod, stream))));
  const failed = results.flatMap(({ reason }, i) => (reason ? [`${runs[i].name}: ${reason.stack}`] : []));
  assert.deepEqual(failed, [], failed.join('\n\n'));
});

test('conversations and their items have their form', async () => {
  const [nekod] = Object.values(servers);
  const call = async (method, path, body) => {
    const response = await fetch(`${nekod.url}/v1/conversations${path}`, {
      method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body),
    });
    return response.json();
  };
  const made = valid('conversation', await call('POST', '', { metadata: { topic: 'cats' } }));
  const ask = asking(nekod, true);
  await ask({ input: unique(), conversation: made.id });
  const page = valid('page', await call('GET', `/${made.id}/items`));
  assert.equal(page.data.length, anuneko ? 2 : 3);
  valid('item', await call('GET', `/${made.id}/items/${page.first_id}`));
  valid('page', await call('POST', `/${made.id}/items`, { items: [user('x')] }));
  valid('conversation', await call('POST', `/${made.id}`, { metadata: {} }));
  valid('conversation', await call('DELETE', `/${made.id}/items/${page.first_id}`));
  valid('conversationDeleted', await call('DELETE', `/${made.id}`));
  valid('failure', await call('GET', `/${made.id}`));
  const { id } = await ask({ input: unique() });
  valid('responseDeleted', await (await fetch(`${nekod.url}/v1/responses/${id}`, { method: 'DELETE' })).json());
});

test('what is left out, added or moved in a stream is found', async () => {
  const [nekod] = Object.values(servers);
  const response = await fetch(`${nekod.url}/v1/responses`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ input: unique(), stream: true }),
  });
  const events = eventsIn(await response.text());
  const found = (changed, what) =>
    assert.throws(() => assembled(changed.map((event) => validEvent(event))), `nobody misses ${what}`);
  const without = (value, key) => Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  /// Keys that may be missing.
  const may = (part) => (part.object ? ['user', 'prompt_cache_retention', 'session_id'] : part.type === 'reasoning' ? ['content'] : []);
  const seen = new Set();
  for (const [at, event] of events.entries()) {
    if (seen.has(event.type)) continue;
    seen.add(event.type);
    for (const key of Object.keys(event)) found(events.with(at, without(event, key)), `${event.type}: ${key}`);
    for (const part of ['response', 'item', 'part'].filter((name) => event[name]))
      for (const key of Object.keys(event[part]).filter((name) => !may(event[part]).includes(name)))
        found(events.with(at, { ...event, [part]: without(event[part], key) }), `${event.type}: ${part}.${key}`);
    found(events.with(at, { ...event, more: 1 }), `more in ${event.type}`);
    found(events.toSpliced(at, 1), event.type);
    const next = events[at + 1];
    if (next && next.type !== event.type) found(events.toSpliced(at, 2, next, event), `${event.type} before ${next.type}`);
  }
});
