// Compares every call to an upstream with what its client said: everything the client said, or, if it said only
// what is new, what the session knew and then that. Never a mixture of two conversations.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { Chance, amount, repeatably, seed, telling } from './chance.mjs';
import { addKey, checkStream, gateway, leadingTo, leadingToOpenai, simulator, temporaryFolder } from './support.mjs';

const steps = amount('NEKOD_STEPS', 250);
/// Conversations do not become longer than this: all of one has to fit into the preamble of a new chat.
const longest = 16;

const user = (content) => ({ role: 'user', content });
const assistant = (content) => ({ role: 'assistant', content });
const system = (content) => ({ role: 'system', content });

const speaks = (role) => (message) => message.role === role;
const normal = (messages) => messages.map(({ role, content }) => `${role}: ${content.trimEnd()}`);

/// The parts of a request's messages.
function parts(messages) {
  const body = messages.findIndex((message) => message.role !== 'system');
  const prefill = messages.at(-1).role === 'assistant' ? 1 : 0;
  const behind = messages.slice(0, messages.length - prefill).findLastIndex(speaks('assistant')) + 1;
  return {
    prompt: messages.slice(0, body),
    before: messages.slice(body, Math.max(body, behind)),
    told: messages.slice(body),
    tells: messages.some(speaks('assistant')),
    prefill: prefill ? messages.at(-1).content : '',
  };
}

/// What the upstream must hear for a request of *messages*, if the session knows *known*.
function expected(messages, known, named) {
  const { prompt, before, told, tells } = parts(messages);
  if (!named || !known) return messages;
  const first = known.findIndex((message) => message.role !== 'system');
  const body = known.slice(first);
  const usedPrompt = prompt.length ? prompt : known.slice(0, first);
  if (!tells) return [...usedPrompt, ...body, ...told];
  const said = normal(before).join('\n');
  const end = normal(body).slice(-before.length).join('\n');
  const undone = before.length < body.length && normal(body).slice(0, before.length).join('\n') === said;
  const goesOn = before.length > 0 && before.length <= body.length && end === said && !undone;
  return goesOn ? [...usedPrompt, ...body.slice(0, body.length - before.length), ...told] : messages;
}

/// A chat's messages, and those in the preamble of its first one, as one conversation.
function conversationIn(chat) {
  const result = [];
  chat.messages.forEach(({ text, reply }, i) => {
    const [, instructions, turns, fresh] =
      /^(?:\[Instructions\]\n([^]*?)\n\n)?(?:\[Conversation so far\]\n([^]*?)\n\n)?\[New message\]\n([^]*)$/.exec(text) ?? [];
    if (i === 0 && instructions) result.push(system(instructions));
    for (const line of (i === 0 && turns?.split(/\n\n(?=User: |Assistant: )/)) || []) {
      const [, label, said] = /^(User|Assistant): ([^]*)$/.exec(line);
      result.push({ role: label.toLowerCase(), content: said });
    }
    const [said, prefill = ''] = (i === 0 ? (fresh ?? text) : text).split('\n\nAssistant: ');
    result.push(...said.split('\n\n').map(user), assistant(prefill + reply));
  });
  return result;
}

const kinds = {
  anuneko: {
    leading: leadingTo,
    /// The state before a turn.
    before: async (sim) => new Map((await sim.chats()).map(({ id, messages }) => [id, messages.length])),
    /// The conversation since then whose newest message contains *word*, with its answer.
    async heard(sim, before, word) {
      const isNew = ({ id, messages }) => messages.length > (before.get(id) ?? 0) && messages.at(-1).text.includes(word);
      const [chat, ...others] = (await sim.chats()).filter(isNew);
      assert.equal(others.length, 0, `${word} was told twice`);
      return conversationIn(chat);
    },
  },
  openai: {
    leading: leadingToOpenai,
    before: () => {},
    async heard(sim, _, word, answer) {
      const { messages } = (await sim.completionOf(word)).body;
      return [...(messages.at(-1).role === 'assistant' ? messages.slice(0, -1) : messages), answer];
    },
  },
};

class Client {
  constructor(world, chance) {
    Object.assign(this, { world, messages: [] });
    this.tenant = chance.of(world.tenants);
    this.manner = chance.weighed({ named: 4, scoped: 3, nameless: 2 });
    // All tenants use the same few names.
    this.name = chance.of(['work', 'home', `own:${chance.name()}`]);
    this.scope = chance.of(['ses_1', 'ses/2 x', 's'.repeat(200), 'play']);
    if (chance.one(0.5)) this.messages.push(system(`rule ${chance.name()}`));
  }

  /// Clients with the same name wait for each other.
  get session() {
    return this.manner === 'named' ? `${this.tenant.name}/${this.name}` : undefined;
  }

  get answers() {
    return this.messages.filter(speaks('assistant')).length;
  }

  /// The ways in which a request names its session.
  naming(chance) {
    if (this.manner === 'nameless') return {};
    if (this.manner === 'scoped') return { headers: { 'X-Session-Id': this.scope } };
    const scope = chance.one(0.3) ? { 'X-Session-Id': this.scope } : {};
    if (chance.one(0.4)) return { fields: { session_id: this.name }, headers: scope };
    const known = this.world.sessions.has(this.session);
    return { headers: known && chance.one(0.5) ? { 'X-Session-Id': this.name } : { 'X-Nekod-Session': this.name, ...scope } };
  }

  async send(chance, messages) {
    const { world, tenant } = this;
    const { fields = {}, headers = {} } = this.naming(chance);
    const request = { messages, stream: chance.one(0.5), ...fields };
    const before = await world.kind.before(world.sim);
    const response = await world.nekod.post(request, { headers: { ...headers, Authorization: `Bearer ${tenant.key}` } });
    const body = await response.text();
    assert.equal(response.status, 200, body);
    const text = request.stream ? checkStream(body).text : JSON.parse(body).choices[0].message.content;
    const id = response.headers.get('x-session-id');
    assert.equal(id === this.name, this.manner === 'named', `${this.manner} went to ${id}`);
    await this.check(messages, text, before);
    return text;
  }

  async check(messages, text, before) {
    const { world, session } = this;
    const known = session && world.sessions.get(session);
    const { prefill } = parts(messages);
    const told = expected(messages, known, session !== undefined);
    const answered = [...(prefill ? told.slice(0, -1) : told), assistant(prefill + text)];
    const word = messages.at(-1).content;
    const heard = await world.kind.heard(world.sim, before, word, assistant(prefill + text));
    assert.deepEqual(normal(heard), normal(answered), `${this.session ?? this.manner} told ${JSON.stringify(messages)}`);
    if (session) world.sessions.set(session, answered);
  }

  /// Sends all messages, and keeps the answer.
  async tellAll(chance) {
    const last = this.messages.at(-1);
    const text = await this.send(chance, this.messages);
    if (last.role === 'assistant') this.messages.pop();
    this.messages.push(assistant(last.role === 'assistant' ? last.content + text : text));
  }

  // -- what clients do ---------------------------------------------------------------------------

  async append(chance) {
    this.messages.push(user(`next ${chance.name()}`));
    await this.tellAll(chance);
  }

  /// A client that names its session may send only what is new.
  async newest(chance) {
    if (this.manner !== 'named') return this.append(chance);
    const fresh = Array.from({ length: chance.one(0.8) ? 1 : 2 }, () => user(`newest ${chance.name()}`));
    const prompt = chance.one(0.3) ? this.messages.filter(speaks('system')) : [];
    const text = await this.send(chance, [...prompt, ...fresh]);
    this.messages.push(...fresh, assistant(text));
  }

  async resend(chance) {
    if (this.answers) this.messages.pop();
    else this.messages.push(user(`first ${chance.name()}`));
    await this.tellAll(chance);
  }

  async undo(chance) {
    const users = this.messages.flatMap((message, i) => (message.role === 'user' ? [i] : []));
    if (users.length > 1) this.messages.splice(chance.of(users.slice(1)));
    await this.append(chance);
  }

  async edit(chance) {
    const first = this.messages.findIndex(speaks('user'));
    if (first >= 0) this.messages[first] = user(`edited ${chance.name()}`);
    await this.append(chance);
  }

  async compact(chance) {
    const prompt = this.messages.filter(speaks('system'));
    this.messages = [...prompt, user(`so far ${chance.name()}`), assistant(`understood ${chance.name()}`)];
    await this.append(chance);
  }

  async prefill(chance) {
    this.messages.push(user(`begin ${chance.name()}`), assistant(`well ${chance.name()} `));
    await this.tellAll(chance);
  }

  async prompt(chance) {
    const rest = this.messages.filter((message) => message.role !== 'system');
    this.messages = chance.one(0.2) ? rest : [system(`rule ${chance.name()}`), ...rest];
    await (chance.one(0.5) ? this.append(chance) : this.newest(chance));
  }
}

const doings = { append: 5, newest: 4, resend: 2, undo: 2, edit: 2, compact: 1, prefill: 2, prompt: 2 };

/// Some clients, each of a different session.
function chosen(chance, clients) {
  const all = clients.map((client) => [chance.next(), client]).sort(([a], [b]) => a - b);
  const sessions = new Set();
  const free = ([, { session }]) => !session || (!sessions.has(session) && sessions.add(session));
  return all.filter(free).slice(0, 4).map(([, client]) => client);
}

for (const [name, kind] of Object.entries(kinds))
  test(`${name}: no call is a mixture of two conversations (seed ${seed})`, (t) =>
    repeatably(async (chance) => {
      const folder = temporaryFolder(t);
      const keys = join(folder, 'keys');
      const sim = await simulator(t);
      await sim.settings({ tokens: 3 });
      const tenants = ['alice', 'bob'].map((tenant) => ({ name: tenant, key: addKey(keys, tenant) }));
      const store = ['--store', `sqlite:${join(folder, 'sessions.db')}`, '--session-idle', '1'];
      const nekod = await gateway(t, [...kind.leading(sim), ...store, '--api-keys', keys]);
      const world = { kind, sim, nekod, tenants, sessions: new Map() };
      const counts = {};
      let clients = [];
      const step = async (client, branch) => {
        const what = client.answers ? branch.weighed(doings) : branch.of(['append', 'prefill', 'newest']);
        counts[what] = (counts[what] ?? 0) + 1;
        await telling(() => client[what](branch), () => `while ${client.manner} ${client.tenant.name} does ${what}`);
      };
      for (let done = 0; done < steps; ) {
        clients = clients.filter(({ messages }) => messages.length < longest);
        for (const [session, known] of world.sessions)
          if (known.length > longest) clients = clients.filter((client) => client.session !== session);
        while (clients.length < 10) {
          const client = new Client(world, chance.branch());
          const known = world.sessions.get(client.session);
          if (!known || known.length < longest) clients.push(client);
        }
        const acting = chosen(chance, clients).map((client) => [client, chance.branch()]);
        const ends = await Promise.allSettled(acting.map(([client, branch]) => step(client, branch)));
        const failed = ends.find((end) => end.status === 'rejected');
        if (failed) throw failed.reason;
        done += acting.length;
      }
      t.diagnostic(JSON.stringify(counts));
      assert.ok(Object.keys(doings).every((what) => counts[what] > 0), 'something was never done');
      assert.deepEqual((await sim.quiet()).violations, []);
    }));

test('requests of one scope run side by side', async (t) => {
  const sim = await simulator(t);
  await sim.settings({ first_delay_ms: 100_000 });
  const nekod = await gateway(t, kinds.openai.leading(sim));
  const leaving = new AbortController();
  const words = ['title', 'code'].map((what) => `${what} ${new Chance().name()}`);
  const asked = words.map((word) =>
    nekod.post({ messages: [user(word)], stream: true }, { headers: { 'X-Session-Id': 'ses_1' }, signal: leaving.signal }),
  );
  for (const word of words) await sim.completed(word, 'streaming');
  leaving.abort();
  await Promise.allSettled(asked);
});
