// Which session should take a turn, and what its upstream chat should be told: the rules again, in
// plain sight of what was sent. Keeps lists where nekod keeps digests.

import assert from 'node:assert/strict';

const upstreamNames = {
  'mihoyo-orange_cat': 'Orange Cat',
  'mihoyo-exotic_shorthair': 'Exotic Shorthair',
};
export const models = Object.keys(upstreamNames);

const textOf = (content) =>
  Array.isArray(content) ? content.map((part) => part.text).join('\n') : (content ?? '');

/// A conversation's messages as the rules see them, one string for all.
const transcriptOf = (messages) =>
  messages
    .map(({ role, content }) => [role, textOf(content).replace(/[ \t\r\n\f\v]+$/, '')])
    .filter(([, text]) => text !== '')
    .map((message) => JSON.stringify(message))
    .join('\n');

/// The message for a chat that knows nothing yet.
function seeded(earlier, text) {
  const told = earlier.map(({ role, content }) => [role, textOf(content)]).filter(([, said]) => said !== '');
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

/// What the rules look at in a request.
function reading({ messages, stream, session_id }) {
  const newest = messages.findLastIndex((message) => message.role === 'user');
  const before = messages.slice(0, newest);
  const behind = messages.slice(newest + 1);
  const text = textOf(messages[newest].content);
  const said = (message) => textOf(message.content) !== '';
  const aside = !stream && /title|summar|标题|主题|总结|概括/i.test(text);
  return {
    named: session_id,
    text,
    before: transcriptOf(before),
    newest: messages[newest],
    earlier: [...before, ...behind],
    /// Whether it is a plain next turn: nothing is said behind the new message.
    plain: transcriptOf(behind) === '',
    hasHistory: [...before, ...behind].some(said),
    mayGoOn: !aside && before.some((message) => message.role === 'assistant' && said(message)),
  };
}

export class SessionModel {
  /// By id; a session that was deleted is not there.
  sessions = new Map();
  /// Every chat there ever was: its model's name, and messages with their replies.
  chats = [];
  /// How many turns had which match.
  matches = {};
  /// Turns for which the rules leave a choice.
  open = 0;

  of(tenant) {
    return [...this.sessions.values()].filter((session) => session.tenant === tenant);
  }

  /// Whether *tenant* may not have what it names.
  forbids(tenant, id) {
    const session = this.sessions.get(id);
    return session !== undefined && session.tenant !== tenant;
  }

  /// Takes down a turn that was answered, after checking where it went.
  /// @param head The `match` and the `session` that the answer named.
  took(tenant, request, head, reply) {
    const r = reading(request);
    this.matches[head.match] = (this.matches[head.match] ?? 0) + 1;
    const known = this.sessions.get(head.session);
    if (r.named) {
      assert.deepEqual(head, { match: 'explicit', session: r.named });
    } else {
      const found = r.mayGoOn && r.plain ? this.of(tenant).filter((each) => each.tip === r.before) : [];
      const missed = this.#mayBeMissed(found) && head.match !== 'transcript';
      this.#checkMatch(r, head, missed ? [] : found);
    }
    const session = known ?? { id: head.session, tenant, tip: '', chat: undefined };
    this.sessions.set(session.id, session);
    this.#tell(session, r, request, reply);
    this.#remember(session, r, reply);
  }

  /// Of sessions that tell the same nekod finds one, and another only where that one is in nobody's
  /// memory yet.
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
      assert.ok(!this.sessions.has(head.session), `${head.session} is not new`);
    }
  }

  #tell(session, r, request, reply) {
    const text = session.chat ? r.text : seeded(r.earlier, r.text);
    if (!session.chat) this.chats.push((session.chat = { messages: [] }));
    session.model = request.model ?? models[0];
    session.chat.model = upstreamNames[session.model];
    session.chat.messages.push({ text, reply });
  }

  #remember(session, r, reply) {
    const told = r.before !== '';
    const strayed = r.named && (session.tip === undefined || (told && r.before !== session.tip));
    const before = r.named ? session.tip : r.before;
    const turn = transcriptOf([r.newest, { role: 'assistant', content: reply }]);
    session.tip = r.plain && !strayed ? [before, turn].filter(Boolean).join('\n') : undefined;
    const twins = this.of(session.tenant).filter((each) => each.tip !== undefined && each.tip === session.tip);
    for (const twin of twins) twin.hasTwin = twins.length > 1;
  }

  deleted(id) {
    this.sessions.delete(id);
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
