// A model of the rules: which session should take a turn, and what its upstream chat should be told. Keeps lists
// where nekod keeps digests.

import assert from 'node:assert/strict';

const upstreamNames = {
  'mihoyo-orange_cat': 'Orange Cat',
  'mihoyo-exotic_shorthair': 'Exotic Shorthair',
};
export const models = Object.keys(upstreamNames);

const textOf = (content) =>
  Array.isArray(content) ? content.map((part) => part.text).join('\n') : (content ?? '');

/// A conversation's messages as the rules compare them, in one string.
const transcriptOf = (messages) =>
  messages
    .map(({ role, content }) => [role, textOf(content).replace(/[ \t\r\n\f\v]+$/, '')])
    .filter(([, text]) => text !== '')
    .map((message) => JSON.stringify(message))
    .join('\n');

/// The message for a chat that knows nothing yet.
function seeded(before, text) {
  const told = before.map(({ role, content }) => [role, textOf(content)]).filter(([, said]) => said !== '');
  const prompt = told.filter(([role]) => role === 'system').map(([, said]) => said);
  const labels = { user: 'User', assistant: 'Assistant' };
  const turns = told.filter(([role]) => role in labels).map(([role, said]) => `${labels[role]}: ${said}\n\n`);
  return [
    ...(prompt.length ? [`[Instructions]\n${prompt.join('\n\n')}\n\n`] : []),
    ...(turns.length ? [`[Conversation so far]\n${turns.join('')}`] : []),
    ...(told.length ? ['[New message]\n'] : []),
    text,
  ].join('');
}

/// The parts of a request that the rules look at.
function reading({ messages, stream, session_id }) {
  const says = (message) => textOf(message.content).trim() !== '';
  const answers = (message) => message.role === 'assistant' && says(message);
  const body = messages.findIndex((message) => message.role !== 'system');
  const fresh = Math.max(messages.findLastIndex(answers) + 1, body);
  const text = textOf(messages.findLast((message) => message.role === 'user').content);
  const isNew = messages.slice(fresh).filter(says);
  const asks = isNew.some((message) => message.role === 'user');
  return {
    named: session_id,
    tells: messages.some(answers),
    prompt: messages.slice(0, body),
    before: messages.slice(0, fresh),
    fresh: isNew,
    text: isNew.map((message) => textOf(message.content)).join('\n\n'),
    hasHistory: messages.slice(0, fresh).some(says),
    aside: !asks || (!stream && /title|summar|标题|主题|总结|概括/i.test(text)),
  };
}

const isPrompt = (message) => message.role === 'system';
const bodyOf = (messages) => messages.slice(messages.findIndex((message) => !isPrompt(message)));

export class SessionModel {
  /// By tenant and id; without deleted sessions.
  sessions = new Map();
  /// Every chat ever created: its model's name, and its messages with their replies.
  chats = [];
  /// The number of turns by match.
  matches = {};
  /// The number of turns for which the rules leave a choice.
  open = 0;

  of(tenant) {
    return [...this.sessions.values()].filter((session) => session.tenant === tenant);
  }

  /// Records an answered turn, after checking which session took it.
  /// @param head The `match` and the `session` in the answer.
  took(tenant, request, head, reply) {
    const r = reading(request);
    this.matches[head.match] = (this.matches[head.match] ?? 0) + 1;
    if (r.named) {
      assert.deepEqual(head, { match: 'explicit', session: r.named });
    } else {
      const tip = transcriptOf(r.before);
      const mayGoOn = r.tells && !r.aside;
      const found = mayGoOn ? this.of(tenant).filter((each) => transcriptOf(each.messages) === tip) : [];
      const missed = this.#mayBeMissed(found) && head.match !== 'transcript';
      this.#checkMatch(r, head, missed ? [] : found);
    }
    const key = `${tenant}/${head.session}`;
    const session = this.sessions.get(key) ?? { id: head.session, tenant, messages: [], chat: undefined };
    this.sessions.set(key, session);
    this.#tell(session, r, request, reply);
    const twins = this.of(tenant).filter((each) => transcriptOf(each.messages) === transcriptOf(session.messages));
    for (const twin of twins) twin.hasTwin = twins.length > 1;
  }

  /// Of several sessions with the same history nekod finds one; it may miss another that is not in memory yet.
  #mayBeMissed(found) {
    if (!found.some((session) => session.hasTwin)) return false;
    ++this.open;
    return true;
  }

  #checkMatch(r, head, found) {
    if (found.length > 0) {
      assert.equal(head.match, 'transcript');
      assert.ok(found.some((session) => session.id === head.session), `went to ${head.session}`);
    } else {
      assert.equal(head.match, r.hasHistory ? 'seeded' : 'new');
      const known = [...this.sessions.values()].some((session) => session.id === head.session);
      assert.ok(!known, `${head.session} is not new`);
    }
  }

  #tell(session, r, request, reply) {
    const { goesOn, before } = this.#course(session, r);
    const text = session.chat && goesOn ? r.text : seeded(before, r.text);
    if (!session.chat || !goesOn) this.chats.push((session.chat = { messages: [] }));
    session.model = request.model ?? models[0];
    session.chat.model = upstreamNames[session.model];
    session.chat.messages.push({ text, reply });
    session.messages = [...before, ...r.fresh, { role: 'assistant', content: reply }];
  }

  /// The messages before the new part, and whether the chat knows them already.
  #course({ messages }, r) {
    const known = transcriptOf(messages);
    if (!r.named) return { goesOn: transcriptOf(r.before) === known, before: r.before };
    const prompt = messages.filter((message, i) => isPrompt(message) && messages.slice(0, i).every(isPrompt));
    const prompted = r.prompt.length ? r.prompt : prompt;
    const samePrompt = transcriptOf(prompted) === transcriptOf(prompt);
    const told = transcriptOf(bodyOf(r.before)).split('\n');
    const end = transcriptOf(bodyOf(messages)).split('\n').slice(-told.length);
    const follows = !r.tells || (messages.length > 0 && end.join('\n') === told.join('\n'));
    return follows
      ? { goesOn: samePrompt, before: [...prompted, ...bodyOf(messages)] }
      : { goesOn: false, before: r.before };
  }

  deleted(tenant, id) {
    this.sessions.delete(`${tenant}/${id}`);
  }

  /// Compares all chats with the simulator's.
  checkBooks(books) {
    const ofModel = this.chats.map((chat) => JSON.stringify({ model: chat.model, messages: chat.messages }));
    const ofBooks = books.map(({ model, messages }) => {
      for (const message of messages) assert.equal(message.state, 'done', JSON.stringify(message));
      return JSON.stringify({ model, messages: messages.map(({ text, reply }) => ({ text, reply })) });
    });
    const count = new Map();
    for (const chat of ofModel) count.set(chat, (count.get(chat) ?? 0) + 1);
    for (const chat of ofBooks) count.set(chat, (count.get(chat) ?? 0) - 1);
    const differing = [...count].filter(([, n]) => n !== 0);
    const tell = ([chat, n]) => `${n > 0 ? 'not there' : 'not foreseen'}: ${chat}`;
    assert.equal(differing.length, 0, differing.slice(0, 4).map(tell).join('\n'));
  }
}
