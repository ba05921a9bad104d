// What the simulator's records must show after a fault: nothing was told twice, and nothing is running.

import assert from 'node:assert/strict';
import { checkStream, leadingTo, leadingToOpenai, unique, until } from '../e2e/support.mjs';

/// How many times a chat got *text* as its new message, with or without a preamble.
async function timesTold(sim, text) {
  const messages = (await sim.chats()).flatMap((chat) => chat.messages);
  return messages.filter((message) => message.state !== 'refused' && message.text.endsWith(text)).length;
}

/// The user's texts in the request for a completion that ends with *text*.
async function conversationOf(sim, text) {
  const { body } = await sim.completionOf(text);
  return body.messages.filter((message) => message.role === 'user').map((message) => message.content);
}

/// Makes all of nekod's failures visible: no retries, and a failing upstream is asked again.
export const once = ['--retries', '0', '--circuit-failures', '0'];

/// The two kinds of upstream: how nekod is pointed at each, and what the records show of a session with the
/// answered texts *answered*, between which the turn *lost* failed.
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

/// Asks twice in the session *id*, whole and streamed: each answer must match its question.
/// @returns the questions.
export async function goesOn(nekod, id) {
  const [one, two] = [unique('again'), unique('again')];
  assert.ok((await nekod.ask(one, { session_id: id })).text.includes(one), 'the answer is to the question');
  const stream = await nekod.stream(two, { session_id: id });
  assert.ok(checkStream(await stream.rest()).text.includes(two), 'the answer is to the question');
  return [one, two];
}

/// The simulator is idle, and saw no wrong use. If an answer was lost before its id was sent, nobody can choose it:
/// the chat then refuses the next message, which is harmless and shows as `unchosen`.
export async function checkQuiet(sim) {
  const idle = async () => (await sim.completions()).every(({ state }) => state !== 'streaming');
  await until(idle, 'completions are still under way upstream');
  const report = await sim.quiet();
  assert.deepEqual(report.violations.filter(({ kind }) => kind !== 'unchosen'), []);
  assert.ok(report.violation_count < 100, 'all of the violations are shown');
}
