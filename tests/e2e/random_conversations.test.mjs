// Random conversations of several tenants, sent in all the ways that clients use, against a model of the rules:
// which session takes each turn, and every text that every upstream chat was told.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { amount, repeatably, seed, telling } from './chance.mjs';
import { SessionModel, models } from './session_model.mjs';
import { addKey, checkStream, gateway, leadingTo, simulator, temporaryFolder, until } from './support.mjs';

const steps = amount('NEKOD_STEPS', 1000);
const atOnce = 4;
const mostFamilies = 12;
/// Conversations do not become longer than this: all of one has to fit into a preamble.
const longest = 20;

const user = (content) => ({ role: 'user', content });
const assistant = (content) => ({ role: 'assistant', content });
const system = (content) => ({ role: 'system', content });

/// The tenants, their conversations, and nekod.
class World {
  model = new SessionModel();
  families = [];
  log = [];

  constructor(t, sim, chance) {
    Object.assign(this, { t, sim, chance });
    const folder = temporaryFolder(t);
    const keys = join(folder, 'keys');
    this.tenants = ['alice', 'bob', 'carol'].map((name) => ({ name, key: addKey(keys, name), openings: 0 }));
    const store = ['--store', `sqlite:${join(folder, 'sessions.db')}`];
    this.args = [...leadingTo(sim), ...store, '--api-keys', keys];
  }

  async start() {
    // Sessions leave memory after a second, or stay.
    const idle = this.chance.one(0.5) ? ['--session-idle', '1'] : [];
    this.nekod = await gateway(this.t, [...this.args, ...idle]);
  }

  /// A new text.
  text(chance, kind) {
    const text = `${kind} ${chance.name()}`;
    return chance.weighed({ [text]: 6, [`${text}\nand a second line`]: 1, [`  ${text} 你好 "\\`]: 1 });
  }

  // -- requests ----------------------------------------------------------------------------------

  headers({ key }) {
    return { Authorization: `Bearer ${key}` };
  }

  /// Sends *messages*, and lets the model check the answer. Returns the session and the answer.
  async ask(chance, tenant, messages, fields = {}) {
    const answer = await this.send(chance, tenant, messages, fields);
    await this.check(answer);
    return answer;
  }

  async send(chance, tenant, messages, fields = {}) {
    const request = { messages: dressed(chance, messages), stream: chance.one(0.5), ...fields };
    if (chance.one(0.3)) request.model = chance.of(models);
    const { session_id, ...others } = request;
    const inHeader = session_id && chance.one(0.5);
    const headers = { ...this.headers(tenant), ...(inHeader ? { 'X-Nekod-Session': session_id } : {}) };
    const response = await this.nekod.post(inHeader ? others : request, { headers });
    const body = await response.text();
    assert.equal(response.status, 200, `${body}\n${JSON.stringify(request)}`);
    return {
      tenant,
      request,
      match: response.headers.get('x-session-match'),
      session: response.headers.get('x-session-id'),
      text: request.stream ? checkStream(body).text : JSON.parse(body).choices[0].message.content,
    };
  }

  check({ tenant, request, match, session, text }) {
    const took = () => this.model.took(tenant.name, request, { match, session }, text);
    return telling(took, () => `${tenant.name} -> ${session}: ${JSON.stringify(request)}`);
  }

  /// Gets an answer for *conversation*, which ends with a question.
  async answer(chance, conversation, fields) {
    const answer = await this.ask(chance, conversation.tenant, conversation.messages, fields);
    conversation.messages.push(assistant(answer.text));
    conversation.session = answer.session;
  }

  // -- what happens ------------------------------------------------------------------------------

  async step() {
    if (this.families.length > mostFamilies) this.families.shift();
    if (this.families.length < 3 || this.chance.one(0.15)) this.families.push({ conversations: [] });
    // Concurrent events concern different conversations, since the model knows no order between them.
    const touched = new Set(Array.from({ length: 1 + this.chance.below(atOnce) }, () => this.chance.of(this.families)));
    const happening = [...touched].map((family) => [family, this.chance.branch()]);
    await this.sim.settings({ tokens: this.chance.of([0, 3, 5]) });
    const ends = await Promise.allSettled(happening.map(([family, chance]) => this.happen(family, chance)));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
    return touched.size;
  }

  async happen(family, chance) {
    const usable = family.conversations.filter(({ messages }) => messages.length < longest);
    const conversation = usable.length && chance.of(usable);
    const what = conversation ? chance.weighed(events) : 'open';
    this.log.push(what);
    await this[what](chance, conversation, family);
  }

  /// A conversation begins, with its own words or with those that every tenant uses.
  async open(chance, _, family) {
    const tenant = chance.of(this.tenants);
    const opening = chance.one(0.4) ? `hello ${++tenant.openings}` : this.text(chance, 'opening');
    const messages = [user(opening)];
    if (chance.one(0.4)) messages.unshift(system(chance.of(['be kind', this.text(chance, 'rule')])));
    const conversation = { tenant, messages };
    family.conversations.push(conversation);
    await this.answer(chance, conversation, chance.one(0.3) ? { session_id: `own:${chance.name()}` } : {});
  }

  async next(chance, conversation) {
    conversation.messages.push(user(this.text(chance, 'next')));
    await this.answer(chance, conversation);
  }

  /// The next turn of a client that names the session: with the new message only, or with all messages.
  async named(chance, conversation) {
    const text = user(this.text(chance, 'named'));
    const session_id = conversation.session;
    if (chance.one(0.5)) {
      conversation.messages.push(text);
      await this.answer(chance, conversation, { session_id });
    } else {
      const answer = await this.ask(chance, conversation.tenant, [text], { session_id });
      conversation.messages.push(text, assistant(answer.text));
    }
  }

  async regenerate(chance, conversation) {
    conversation.messages.pop();
    await this.answer(chance, conversation);
  }

  /// An earlier message is replaced, and everything after it is dropped.
  async edit(chance, conversation) {
    const { messages } = conversation;
    const questions = messages.flatMap((message, i) => (message.role === 'user' ? [i] : []));
    messages.splice(chance.of(questions));
    messages.push(user(this.text(chance, 'edited')));
    await this.answer(chance, conversation);
  }

  /// An earlier message is changed, and everything after it stays.
  async rewrite(chance, conversation) {
    const message = chance.of(conversation.messages);
    conversation.messages = conversation.messages.map((each) =>
      each === message ? { ...each, content: this.text(chance, 'rewritten') } : each,
    );
    await this.next(chance, conversation);
  }

  async cut(chance, conversation) {
    const { messages } = conversation;
    const first = messages[0].role === 'system' ? 1 : 0;
    messages.splice(first, 1 + chance.below(messages.length - first));
    await this.next(chance, conversation);
  }

  async prompt(chance, conversation) {
    const spoken = conversation.messages.filter((message) => message.role !== 'system');
    conversation.messages = chance.one(0.3) ? spoken : [system(this.text(chance, 'rule')), ...spoken];
    await this.next(chance, conversation);
  }

  /// A copy continues separately.
  async fork(chance, conversation, family) {
    const copy = { ...conversation, messages: [...conversation.messages] };
    family.conversations.push(copy);
    await this.next(chance, chance.of([copy, conversation]));
  }

  /// Two copies continue at once: at most one of them in the session.
  async race(chance, conversation, family) {
    const text = user(this.text(chance, 'both'));
    const copy = { ...conversation, messages: [...conversation.messages] };
    family.conversations.push(copy);
    const both = [conversation, copy].map(async (each) => {
      each.messages.push(text);
      const answer = await this.send(chance, each.tenant, each.messages);
      each.messages.push(assistant(answer.text));
      each.session = answer.session;
      return answer;
    });
    const answers = await Promise.all(both);
    for (const answer of answers.sort((a, b) => (b.match === 'transcript') - (a.match === 'transcript')))
      await this.check(answer);
  }

  /// A request that a chat program makes for its own purposes.
  async aside(chance, { tenant, messages }) {
    const said = messages.map((message) => message.content).join('\n');
    const [list, fields] = chance.of([
      [[...messages, user('Generate a TITLE for our chat, of five words')], { stream: false }],
      [[...messages, user('请概括一下我们的对话')], { stream: false }],
      [[...messages, system('Summarize the discussion briefly')], {}],
      [[user(`### Task:\nGenerate a title\n### Chat History:\n${said}`)], { stream: false }],
    ]);
    await this.ask(chance, tenant, list, fields);
  }

  /// Another tenant names the session, or sends the conversation.
  async stranger(chance, { tenant, messages, session }) {
    const other = chance.of(this.tenants.filter((each) => each !== tenant));
    const text = user(this.text(chance, 'stranger'));
    const has = (who) => this.model.sessions.has(`${who.name}/${session}`);
    const way = chance.weighed({ tells: 2, removes: 1, names: 1 });
    if (way === 'tells') await this.ask(chance, other, [...messages, text]);
    else if (way === 'removes' && !has(other)) assert.equal((await this.remove(other, session)).status, 404);
    else await this.ask(chance, other, [text], { session_id: session });
  }

  async forget(chance, { tenant, session }) {
    const there = this.model.sessions.has(`${tenant.name}/${session}`);
    assert.equal((await this.remove(tenant, session)).status, there ? 200 : 404);
    this.model.deleted(tenant.name, session);
  }

  remove(tenant, session) {
    return fetch(`${this.nekod.url}/sessions/${session}`, { method: 'DELETE', headers: this.headers(tenant) });
  }

  // -- ends --------------------------------------------------------------------------------------

  async checkLists() {
    const all = this.model.sessions.size;
    await until(async () => (await this.nekod.figure('nekod_stored_sessions')) === all, `the store does not get to ${all}`);
    for (const tenant of this.tenants) {
      const { sessions } = await (await fetch(`${this.nekod.url}/sessions`, { headers: this.headers(tenant) })).json();
      assert.deepEqual(
        sessions.map(({ id, model }) => [id, model]).sort(),
        this.model.of(tenant.name).map(({ id, model }) => [id, model]).sort(),
      );
    }
  }

  async restart() {
    await this.checkLists();
    const signal = this.chance.of(['SIGTERM', 'SIGKILL']);
    this.log.push(signal);
    this.nekod.kill(signal);
    await this.nekod.ended();
    this.model.checkBooks(await this.sim.chats());
    await this.start();
  }
}

/// The relative frequency of events.
const events = {
  next: 10,
  named: 3,
  regenerate: 2,
  edit: 2,
  rewrite: 1,
  cut: 1,
  prompt: 1,
  fork: 2,
  race: 1,
  aside: 2,
  stranger: 1,
  forget: 1,
};

/// *messages* as some client sends them, with the same meaning.
function dressed(chance, messages) {
  if (chance.one(0.5)) return [...messages];
  const nothing = () => (chance.one(0.2) ? [assistant(chance.of([null, '', []]))] : []);
  const inParts = (text) => {
    const texts = chance.one(0.5) ? text.split('\n') : [text];
    return texts.map((part) => ({ type: 'text', text: part }));
  };
  return messages.flatMap(({ role, content }) => {
    const text = content + (chance.one(0.3) ? chance.of([' ', '\n', ' \r\n\t']) : '');
    return [{ role, content: chance.one(0.4) ? inParts(text) : text }, ...nothing()];
  });
}

test(`random conversations go where the rules say (seed ${seed})`, (t) =>
  repeatably(async (chance) => {
    const sim = await simulator(t);
    const world = new World(t, sim, chance);
    await world.start();
    const play = async () => {
      for (let done = 0; done < steps; ) {
        done += await world.step();
        if (chance.one(0.02)) await world.restart();
      }
      await world.restart();
    };
    await telling(play, () => `after ${world.log.length} events: ${world.log.slice(-12).join(' ')}`);
    const { chats, matches, open } = world.model;
    t.diagnostic(`${chats.length} chats, ${JSON.stringify(matches)}, ${open} turns that might go either way`);
    for (const match of ['transcript', 'new', 'seeded', 'explicit'])
      assert.ok(matches[match] > steps / 40, `too few turns are ${match}`);
    assert.ok(open < steps / 20, 'the rules leave too much open');
    assert.deepEqual((await sim.quiet()).violations, []);
  }));
