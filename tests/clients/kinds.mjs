// The two kinds of upstream. The simulator is either, and each file of tests runs once for each, as
// NEKOD_KIND says: a client's user sees the same, but where a test says otherwise.

import assert from 'node:assert/strict';
import { leadingTo, leadingToOpenai, until } from '../e2e/support.mjs';

const plain = (content) => (typeof content === 'string' ? content : content.map((part) => part.text).join(''));

/// AnuNeko keeps its conversations, and is told each message once.
const anuneko = {
  name: 'anuneko',
  /// The arguments that lead nekod to a simulator.
  leading: leadingTo,
  /// What clients call its models.
  models: ['mihoyo-orange_cat', 'mihoyo-exotic_shorthair'],
  /// The simulator's word for the call that carries a message.
  call: 'stream',

  /// What the upstream knows of the conversation in which *text* was said, the answers left out.
  async heard(sim, text) {
    return (await sim.chatWith(text)).messages.map((message) => message.text);
  },
  /// How the answer to *text* stands upstream; undefined before it is asked for.
  async state(sim, text) {
    return (await sim.chatWith(text))?.messages.find((message) => message.text.includes(text)).state;
  },
  /// The name, as clients know it, of the model that was to answer *text*.
  async model(sim, text) {
    return `mihoyo-${(await sim.chatWith(text)).model.toLowerCase().replace(' ', '_')}`;
  },
  /// How often the upstream was asked to answer *text*.
  async asked(sim, text) {
    const messages = (await sim.chats()).flatMap((chat) => chat.messages);
    return messages.filter((message) => message.text.includes(text)).length;
  },
};

/// A server with the OpenAI API keeps nothing, and is told the whole conversation with each message.
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

/// Waits until the answer to *text* stands so upstream.
export const stands = (sim, text, state) =>
  until(async () => (await kind.state(sim, text)) === state, `${text} is not ${state} upstream`);
