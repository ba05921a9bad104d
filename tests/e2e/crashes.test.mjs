// nekod is killed repeatedly while it works: no answered turn is lost, nothing is told twice, and an idle
// conversation continues in its upstream chat.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { amount, repeatably, seed, telling } from './chance.mjs';
import { checkStream, gateway, leadingTo, simulator, temporaryFolder, unique } from './support.mjs';

const kills = amount('NEKOD_KILLS', 50);
/// A conversation ends after this number of turns: all of it has to fit into a preamble.
const longest = 30;

/// A conversation from its client's side. The client asks again for answers that were cut off.
class Client {
  /// The answered turns of this conversation and of those before it.
  turns = [];
  ended = [];
  /// Pairs of consecutive answered turns with no cut-off turn between them.
  links = [];
  cuts = 0;

  constructor(chance) {
    this.chance = chance;
    this.begin();
  }

  /// One turn, answered or cut off. *seen* is called with everything that arrives.
  async turn(nekod, seen = () => {}) {
    if (this.turns.length === longest && !this.cut) {
      this.ended.push(this.turns);
      this.turns = [];
      this.begin();
    }
    if (!this.cut || !this.repeats) this.streamed = this.chance.one(0.6);
    this.tries = this.cut ? this.tries + 1 : 0;
    const text = this.textOfTurn();
    const last = this.cut ? undefined : this.turns.at(-1);
    this.cut = text;
    const answer = await this.#answer(nekod, text, seen);
    if (!answer) {
      ++this.cuts;
      return;
    }
    this.cut = undefined;
    const turn = { text, nekod: nekod.pid, reply: answer.reply, session: answer.session };
    if (last) {
      assert.deepEqual([answer.match, answer.session], [this.usualMatch, last.session], text);
      this.links.push([last, turn]);
    }
    this.turns.push(turn);
  }

  headers() {
    return {};
  }

  newText() {
    return `[sim first=4 tokens=5 delay=2] turn ${this.chance.name()}`;
  }

  /// The answer, or nothing if it was cut off; an error is neither.
  async #answer(nekod, text, seen) {
    const stream = this.streamed;
    const sent = nekod.post({ ...this.request(text), stream }, { headers: this.headers(text) });
    seen();
    const body = await reading(sent, seen);
    if (body === undefined) return undefined;
    const { status, headers } = await sent;
    assert.equal(status, 200, body);
    return {
      match: headers.get('x-session-match'),
      session: headers.get('x-session-id'),
      reply: stream ? checkStream(body).text : JSON.parse(body).choices[0].message.content,
    };
  }
}

/// The body of a response, or nothing if it broke off.
async function reading(sent, seen) {
  const decoder = new TextDecoder();
  let body = '';
  try {
    for await (const piece of (await sent).body) {
      body += decoder.decode(piece, { stream: true });
      seen();
    }
    return body;
  } catch {
    // A stream with its last event is an answer.
    return body.endsWith('data: [DONE]\n\n') ? body : undefined;
  }
}

/// Names its session and sends only the new message. It does not know whether a cut-off turn was answered, so it
/// goes on with another message.
class NamingClient extends Client {
  usualMatch = 'explicit';

  begin() {
    this.id = this.chance.name();
  }
  textOfTurn() {
    return this.newText();
  }
  request(text) {
    return { session_id: this.id, messages: [{ role: 'user', content: text }] };
  }
}

/// Sends the whole history, as most clients do; its user presses "retry" after a cut-off answer.
class TellingClient extends Client {
  usualMatch = 'transcript';

  begin() {}
  textOfTurn() {
    return this.cut ?? this.newText();
  }
  request(text) {
    const messages = this.turns.flatMap((turn) => [
      { role: 'user', content: turn.text },
      { role: 'assistant', content: turn.reply },
    ]);
    return { messages: [...messages, { role: 'user', content: text }] };
  }
}

/// The user's texts in a chat, one entry each: messages, and those in the preamble of the first message.
const saidIn = (chat) =>
  chat.messages
    .filter((message) => message.state !== 'refused')
    .flatMap(({ text }) => {
      const [before, now] = text.split('[New message]\n');
      if (now === undefined) return [text];
      return [...before.matchAll(/^User: (.*)$/gm)].map((match) => match[1]).concat(now);
    });

/// Retries cut-off requests, as SDKs do, with an idempotency key or a retry counter: if the turn was answered, it
/// gets that answer, and nothing is told twice.
const repeating = (Kind, headers) =>
  class extends Kind {
    repeats = true;

    textOfTurn() {
      return this.cut ?? this.newText();
    }
    headers(text) {
      return headers(this, text);
    }
  };
const keyed = (client, text) => ({ 'Idempotency-Key': text });
const counted = (client) => ({ 'X-Stainless-Retry-Count': `${client.tries}` });

/// Some clients work, some make a few turns and then rest, until enough of their turns are answered; then nekod is
/// killed.
async function killUnderLoad(nekod, clients, chance) {
  let left = 1 + chance.below(150);
  const seen = () => {
    if (--left === 0) nekod.kill('SIGKILL');
  };
  const work = clients.map(async (client) => {
    for (let turns = chance.one(0.4) ? chance.below(3) : Infinity; turns > 0 && left > 0; --turns)
      await client.turn(nekod, seen);
  });
  const ends = await Promise.allSettled(work);
  nekod.kill('SIGKILL');
  await nekod.ended();
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/// Maps each answered text to its chat, given by the user's texts in it.
function chatsByAnswer(chats) {
  const found = new Map();
  for (const chat of chats)
    for (const message of chat.messages)
      if (message.state === 'done') found.set(message.text.split('[New message]\n').at(-1), { chat, message });
  return found;
}

function checkNothingTwice(chats) {
  for (const chat of chats) {
    const said = saidIn(chat);
    assert.equal(new Set(said).size, said.length, `a text came twice: ${said.join('\n')}`);
  }
}

/// Checks a conversation's turns: the chat of the last one was told all of them, in order.
function checkTold(turns, found) {
  const texts = turns.map((turn) => turn.text);
  for (const text of texts) assert.ok(found.has(text), `${text} was answered by nobody`);
  const { chat } = found.get(texts.at(-1));
  const said = saidIn(chat);
  assert.deepEqual(said.filter((text) => texts.includes(text)), texts, `what was answered, of ${said.join('\n')}`);
  for (const turn of turns) assert.equal(turn.reply, found.get(turn.text).message.reply);
}

/// Checks that two consecutive turns of a client are consecutive in a chat.
function checkLink([before, now], found) {
  const { chat, message } = found.get(now.text);
  const previous = chat.messages[chat.messages.indexOf(message) - 1];
  assert.equal(previous, found.get(before.text).message, `${now.text} is not behind ${before.text}`);
}

test(`${kills} kills under load (seed ${seed})`, (t) =>
  repeatably(async (chance) => {
    const sim = await simulator(t);
    const args = [...leadingTo(sim), '--store', `sqlite:${join(temporaryFolder(t), 'sessions.db')}`];
    const kinds = [
      ...[NamingClient, NamingClient, TellingClient, TellingClient, TellingClient],
      ...[keyed, counted].flatMap((headers) => [repeating(NamingClient, headers), repeating(TellingClient, headers)]),
    ];
    const clients = kinds.map((Kind) => new Kind(chance.branch()));
    for (let killed = 0; killed < kills; ++killed) {
      const nekod = await gateway(t, args);
      await telling(() => killUnderLoad(nekod, clients, chance), () => `before kill ${killed + 1}`);
    }
    const nekod = await gateway(t, args);
    for (const client of clients) await client.turn(nekod);

    await sim.quiet();
    const chats = await sim.chats();
    const found = chatsByAnswer(chats);
    checkNothingTwice(chats);
    const conversations = clients.flatMap((client) => [...client.ended, client.turns]);
    for (const turns of conversations) checkTold(turns, found);
    const links = clients.flatMap((client) => client.links);
    for (const link of links) checkLink(link, found);

    const rested = links.filter(([before, now]) => before.nekod !== now.nekod).length;
    const cut = clients.reduce((sum, client) => sum + client.cuts, 0);
    t.diagnostic(`${conversations.flat().length} turns answered, ${cut} cut, ${rested} rested meanwhile`);
    assert.ok(conversations.flat().length > 4 * kills && cut > kills && rested > kills / 4, 'there was load');
    // A cut-off turn leaves its chat waiting for a choice, which nobody knows of any more.
    const violations = new Set((await sim.report()).violations.map((violation) => violation.kind));
    for (const kind of ['unchosen', 'bad_request']) violations.delete(kind);
    assert.deepEqual([...violations], []);
  }));

// The chat needs no choice yet, so it accepts the message again.
test('a message whose reply had not begun when nekod was killed is not told twice', async (t) => {
  const sim = await simulator(t);
  const args = [...leadingTo(sim), '--store', `sqlite:${join(temporaryFolder(t), 'sessions.db')}`];
  const [one, two] = [unique('one'), unique('two')];
  const killed = await gateway(t, args);
  const { text } = await killed.ask(one);
  const messages = [
    { role: 'user', content: one },
    { role: 'assistant', content: text },
    { role: 'user', content: two },
  ];
  await sim.fault({ call: 'stream', kind: 'silent' });
  const cut = assert.rejects(killed.ask('', { messages }));
  await sim.reached(two);
  killed.kill('SIGKILL');
  await cut;
  await sim.quiet();
  await (await gateway(t, args)).ask('', { messages });
  checkNothingTwice(await sim.chats());
});

test('a chat of many pages is read to its end before a message is told to it again', async (t) => {
  const sim = await simulator(t);
  const args = [...leadingTo(sim), '--store', `sqlite:${join(temporaryFolder(t), 'sessions.db')}`];
  const id = unique('long');
  const killed = await gateway(t, args);
  const texts = Array.from({ length: 60 }, () => unique());
  for (const text of texts) await killed.ask(`[sim tokens=1] ${text}`, { session_id: id });
  const last = unique('last');
  await sim.fault({ call: 'stream', kind: 'silent' });
  const cut = assert.rejects(killed.ask(last, { session_id: id }));
  await sim.reached(last);
  killed.kill('SIGKILL');
  await cut;
  await sim.quiet();
  await (await gateway(t, args)).ask(last, { session_id: id });
  checkNothingTwice(await sim.chats());
});

test('without texts in the store, what was said before may be said again in the same chat', async (t) => {
  const sim = await simulator(t);
  const args = [...leadingTo(sim), '--store', `sqlite:${join(temporaryFolder(t), 'sessions.db')}`, '--store-text', 'digest'];
  const id = unique('forgetful');
  const words = unique('go on');
  let nekod = await gateway(t, args);
  await nekod.ask(unique('my name is Bob'), { session_id: id });
  await nekod.ask(words, { session_id: id });
  nekod.kill('SIGKILL');
  await nekod.ended();
  nekod = await gateway(t, args);
  await nekod.ask(words, { session_id: id });
  const chats = await sim.chats();
  assert.equal(chats.length, 1);
  assert.equal(chats[0].messages.length, 3);
});
