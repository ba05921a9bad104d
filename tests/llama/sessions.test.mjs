// Conversations with a real server: llama.cpp reads the whole conversation and reuses its cache, whether clients
// send everything with each turn or only their newest message.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { gateway, temporaryFolder } from '../e2e/support.mjs';
import { askWell, assistant, inFrontOf, leadingToLlama, llamaServer, places, readOf, textOf, user } from './llama.mjs';

const llama = await llamaServer({ after });
const short = { max_tokens: 40, ignore_eos: true, seed: 1 };
const system = { role: 'system', content: 'You are a cat who sat on a mat. '.repeat(20) };

/// The number of tokens of the conversation, asked of llama.cpp directly.
async function tokensOf(messages) {
  const { body } = await llama.ask({ messages, max_tokens: 1 });
  return body.usage.prompt_tokens;
}

/// Three turns of *tell(said, words)*, which returns the request for the next turn; checks each.
async function converse(nekod, words, tell) {
  const said = [system];
  let session_id;
  for (const turn of ['first', 'second', 'third']) {
    const next = user(`${words}, the ${turn} time`);
    const answer = await askWell(nekod, { ...short, ...tell([...said], next, session_id) });
    session_id ??= answer.session_id;
    assert.equal(answer.session_id, session_id, `the ${turn} turn is in another session`);
    said.push(next);
    if (turn !== 'first') {
      const { known, read } = readOf(answer);
      assert.ok(known > 2 * read, `${turn} turn: ${known} tokens known, ${read} read`);
    }
    assert.equal(answer.usage.prompt_tokens, await tokensOf(said), `what it reads in the ${turn} turn`);
    said.push(assistant(textOf(answer)));
  }
}

const ways = {
  'the newest message alone': (said, next, session_id) =>
    session_id ? { session_id, messages: [next] } : { messages: [...said, next] },
  'everything, under a name': (said, next, session_id) => ({ session_id, messages: [...said, next] }),
  'everything, without a name': (said, next) => ({ messages: [...said, next] }),
};

for (const [name, tell] of Object.entries(ways)) {
  test(`a client tells ${name}: llama.cpp reads the conversation, most of it from its cache`, async (t) => {
    await converse(await inFrontOf(t, llama), `I tell ${name}`, tell);
  });
}

test('as many conversations as it has places, side by side', async (t) => {
  const nekod = await inFrontOf(t, llama);
  const tell = ways['the newest message alone'];
  // No comparison with direct requests, which would push a conversation out of its slot.
  const sessions = await Promise.all(
    Array.from({ length: places }, (_, k) => askWell(nekod, { ...short, ...tell([system], user(`number ${k}`)) })),
  );
  for (const turn of ['second', 'third']) {
    const answers = await Promise.all(
      sessions.map(({ session_id }) => askWell(nekod, { ...short, ...tell([], user(`the ${turn} time`), session_id) })),
    );
    const counts = answers.map((each) => Object.values(readOf(each)).join('/'));
    t.diagnostic(`${turn} turn, tokens known/read: ${counts.join(' ')}`);
    assert.ok(answers.every((answer) => readOf(answer).known > 0));
    assert.deepEqual(answers.map((answer) => answer.session_id), sessions.map((each) => each.session_id));
  }
  assert.equal((await llama.slots()).length, places);
});

test('a conversation goes on when nekod was killed, and when the server was', async (t) => {
  const store = `sqlite:${join(temporaryFolder(t), 'nekod.db')}`;
  const own = await llamaServer(t);
  const start = () => gateway(t, leadingToLlama(own, store));
  let nekod = await start();
  const said = [user('Remember the cat')];
  const first = await askWell(nekod, { ...short, messages: said });
  const { session_id } = first;
  const turn = async (words) => {
    said.push(user(words));
    const answer = await askWell(nekod, { ...short, session_id, messages: [said.at(-1)] });
    assert.equal(answer.usage.prompt_tokens, await tokensOf(said));
    said.push(assistant(textOf(answer)));
    return readOf(answer);
  };
  said.push(assistant(textOf(first)));

  nekod.kill('SIGKILL');
  await nekod.ended();
  nekod = await start();
  assert.ok((await turn('Who sat on the mat?')).known > 0, 'its place still has the conversation');

  await own.crash();
  await own.start();
  assert.equal((await turn('And who went home?')).known, 0);
  assert.ok((await turn('By train?')).known > 0);
});
