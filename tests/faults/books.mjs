// What the simulator's books must say after a fault: nothing was told twice, and nothing is under way.

import assert from 'node:assert/strict';
import { checkStream, leadingTo, leadingToOpenai, unique, until } from '../e2e/support.mjs';

/// How often a chat took *text* for its new message, behind words about what came before or alone.
async function timesTold(sim, text) {
  const messages = (await sim.chats()).flatMap((chat) => chat.messages);
  return messages.filter((message) => message.state !== 'refused' && message.text.endsWith(text)).length;
}

/// The texts of the user that a request for a completion told, which ends in *text*.
async function conversationOf(sim, text) {
  const { body } = await sim.completionOf(text);
  return body.messages.filter((message) => message.role === 'user').map((message) => message.content);
}

/// For a nekod whose failures are all to be seen: it tries nothing again, and goes on asking an upstream that
/// fails.
export const once = ['--retries', '0', '--circuit-failures', '0'];

/// The two kinds of upstream: how nekod is led there, and what the books say of a session that was told
/// *answered* and failed with *lost* in between.
export const upstreams = {
  anuneko: {
    leading: leadingTo,
    async check(sim, answered, lost) {
      for (const text of answered) assert.equal(await timesTold(sim, text), 1, `${text} is told once`);
      assert.ok((await timesTold(sim, lost)) <= 1, `${lost} is told once at most`);
    },
  },
  openai: {
    leading: leadingToOpenai,
    async check(sim, answered) {
      assert.deepEqual(await conversationOf(sim, answered.at(-1)), answered);
    },
  },
};

/// Asks twice in the session *id*, whole and streamed: each answer is to the question that was asked.
/// @returns the questions.
export async function goesOn(nekod, id) {
  const [one, two] = [unique('again'), unique('again')];
  assert.ok((await nekod.ask(one, { session_id: id })).text.includes(one), 'the answer is to the question');
  const stream = await nekod.stream(two, { session_id: id });
  assert.ok(checkStream(await stream.rest()).text.includes(two), 'the answer is to the question');
  return [one, two];
}

/// The simulator is idle, and saw no wrong use. Where an answer was lost before it named itself, nobody can
/// choose it: the chat refuses the next message, which is no harm and shows as `unchosen`.
export async function checkQuiet(sim) {
  const idle = async () => (await sim.completions()).every(({ state }) => state !== 'streaming');
  await until(idle, 'completions are still under way upstream');
  const report = await sim.quiet();
  assert.deepEqual(report.violations.filter(({ kind }) => kind !== 'unchosen'), []);
  assert.ok(report.violation_count < 100, 'all of the violations are shown');
}
