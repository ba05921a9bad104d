// The two kinds of upstream. The simulator is both, and each test file runs once for each, selected by NEKOD_KIND.
// A client's user sees no difference unless a test says so.

import assert from 'node:assert/strict';
import { leadingTo, leadingToOpenai, until } from '../e2e/support.mjs';

const plain = (content) => (typeof content === 'string' ? content : content.map((part) => part.text).join(''));

/// AnuNeko keeps its conversations and is told each message once.
const anuneko = {
  name: 'anuneko',
  /// The arguments that point nekod at a simulator.
  leading: leadingTo,
  /// The public names of its models.
  models: ['mihoyo-orange_cat', 'mihoyo-exotic_shorthair'],
  /// The simulator's name for the call that carries a message.
  call: 'stream',

  /// The user's texts that the upstream knows of the conversation with *text*.
  async heard(sim, text) {
    return (await sim.chatWith(text)).messages.map((message) => message.text);
  },
  /// The upstream's state of the answer to *text*; undefined before it is asked for.
  async state(sim, text) {
    return (await sim.chatWith(text))?.messages.find((message) => message.text.includes(text)).state;
  },
  /// The public name of the model that was to answer *text*.
  async model(sim, text) {
    return `mihoyo-${(await sim.chatWith(text)).model.toLowerCase().replace(' ', '_')}`;
  },
  /// How many times the upstream was asked to answer *text*.
  async asked(sim, text) {
    const messages = (await sim.chats()).flatMap((chat) => chat.messages);
    return messages.filter((message) => message.text.includes(text)).length;
  },
};

/// A server with the OpenAI API keeps nothing and is told the whole conversation with each message.
const openai = {
  name: 'openai',
  leading: leadingToOpenai,
  models: ['Orange Cat', 'Exotic Shorthair'],
  call: 'completions',

  async heard(sim, text) {
    const found = (await sim.completions()).findLast(({ body }) => JSON.stringify(body.messages).includes(text));
    return found.body.messages.filter(({ role }) => role !== 'assistant').map(({ content }) => plain(content));
  },
  async state(sim, text) {
    return (await sim.completionOf(text))?.state;
  },
  async model(sim, text) {
    return (await sim.completionOf(text)).body.model;
  },
  async asked(sim, text) {
    const asked = ({ body }) => JSON.stringify(body.messages.at(-1)).includes(text);
    return (await sim.completions()).filter(asked).length;
  },
};

const name = process.env.NEKOD_KIND ?? 'anuneko';
export const kind = { anuneko, openai }[name];
assert.ok(kind, `NEKOD_KIND=${name} is no kind of upstream`);

/// Waits until the answer to *text* has that state at the upstream.
export const stands = (sim, text, state) =>
  until(async () => (await kind.state(sim, text)) === state, `${text} is not ${state} upstream`);
