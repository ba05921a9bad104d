// Conversations and the turns that run in them. nekod keeps them; here is what the tab knows of those it has open.

import { ApiError, call, events, get } from './api.js';
import { randomName } from './dom.js';
import { messagesOf, titleIn } from './history.js';
import { kept, keep, pending, setPending, setting } from './keep.js';

/// Versions of one conversation are sessions whose names differ behind this.
const versionMark = ':b';
const mostRetries = 6;
const mostTitles = 1000;
const mostChats = 24;

export const familyOf = (name) => name.replace(/:b\d{1,6}$/, '');
const versionOf = (name) => Number(/:b(\d{1,6})$/.exec(name)?.[1] ?? 1);

const newMessage = (role, text, fields) => ({ role, text, images: [], calls: [], ...fields });

/// Titles are kept on the device, so that the list need not ask for each.
const titles = new Map(kept('titles') ?? []);
export const titleFor = (name) => titles.get(familyOf(name));
export function setTitle(name, title) {
  if (!title || titles.get(familyOf(name)) === title) return;
  titles.set(familyOf(name), title);
  while (titles.size > mostTitles) titles.delete(titles.keys().next().value);
  keep('titles', [...titles]);
}
export function forgetTitle(name) {
  if (titles.delete(familyOf(name))) keep('titles', [...titles]);
}

/// How the API is told a message.
function told(message) {
  const result = { role: message.role };
  const parts = message.images.map((url) => ({ type: 'image_url', image_url: { url } }));
  result.content = parts.length ? [...(message.text ? [{ type: 'text', text: message.text }] : []), ...parts] : message.text;
  if (message.role === 'assistant' && message.calls.length) {
    result.tool_calls = message.calls.map((each) => ({ id: each.id, type: 'function', function: { name: each.name, arguments: each.arguments } }));
    result.content ||= null;
  }
  if (message.role === 'tool') result.tool_call_id = message.call;
  const results = message.calls.filter((each) => each.result !== undefined);
  return [result, ...results.map((each) => ({ role: 'tool', tool_call_id: each.id, content: each.result }))];
}

/// What *messages* are compared by: whether two versions say the same.
const sameWords = (a, b) => a.role === b.role && a.text === b.text && a.calls.length === b.calls.length;

class Chat extends EventTarget {
  constructor(name) {
    super();
    this.name = name;
    this.messages = [];
    /// `new`, `loading`, `whole`, or `missing` if what was said before is not known.
    this.history = 'new';
    this.running = undefined;
    /// Whether nekod must be told all of it with the next message, since it has something else.
    this.differs = false;
    this.lastUse = 0;
    this.info = undefined;
    this.forgotten = false;
  }

  changed(what, message) {
    this.dispatchEvent(new CustomEvent('change', { detail: { what, message } }));
  }

  get whole() {
    return this.history === 'whole' || this.history === 'new';
  }

  /// Reads what nekod knows of it.
  async load() {
    this.history = 'loading';
    this.changed('all');
    try {
      this.info = await get(`sessions/${encodeURIComponent(this.name)}`);
      const found = await messagesOf(this.info);
      this.history = found ? 'whole' : 'missing';
      this.messages = [...(found ?? []), ...this.messages];
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) {
        this.history = 'missing';
        this.problem = error;
      } else this.history = 'new';
    }
    setTitle(this.name, titleIn(this.messages));
    this.changed('all');
    this.resume();
  }

  /// Goes on with a request that had no answer when the page was left.
  resume() {
    const request = pending(this.name);
    if (!request || this.running) return;
    const last = this.messages.at(-1);
    const said = request.shown;
    // It may have been answered meanwhile.
    if (last?.role === 'assistant' && this.messages.at(-2)?.text === said.text && Date.now() - request.at > 60_000) {
      setPending(this.name, undefined);
      return;
    }
    if (last?.role === 'assistant' && this.messages.at(-2)?.text === said.text) this.messages.splice(-2);
    else if (last?.role === 'user' && last.text === said.text) this.messages.pop();
    this.messages.push(newMessage('user', said.text, { images: said.images ?? [] }));
    this.differs ||= request.whole;
    const answer = newMessage('assistant', '', { state: 'waiting' });
    this.messages.push(answer);
    this.changed('all');
    if (request.failed) this.fail(answer, new ApiError('', { code: 'network' }));
    else this.run(answer, request);
  }

  /// Sends a message of the visitor.
  async send(text, images) {
    const user = newMessage('user', text, { images });
    const answer = newMessage('assistant', '', { state: 'waiting' });
    this.messages.push(user, answer);
    this.changed('all');
    setTitle(this.name, titleIn(this.messages));
    await this.remembered();
    this.start(user, answer);
  }

  /// Finds out whether nekod still has the conversation, if some time has passed.
  async remembered() {
    if (this.history !== 'whole' || this.messages.length <= 2 || this.differs || Date.now() - this.lastUse < 300_000) return;
    try {
      await get(`sessions/${encodeURIComponent(this.name)}`);
    } catch (error) {
      if (error.status === 404) this.differs = this.forgotten = true;
    }
  }

  start(user, answer) {
    const before = this.messages.slice(0, this.messages.indexOf(user)).filter((each) => each.state !== 'failed' && !each.unsaid);
    const whole = this.differs && this.whole;
    const said = whole ? [...before, user] : [user];
    const system = setting('system').trim();
    const messages = said.filter((each) => each.role !== 'system' || !system).flatMap(told);
    if (system) messages.unshift({ role: 'system', content: system });
    const body = { ...setting('parameters'), stream: true, stream_options: { include_usage: true }, messages };
    if (setting('model')) body.model = setting('model');
    const request = { key: `page-${randomName(20)}`, at: Date.now(), body, whole, shown: { text: user.text, images: user.images } };
    setPending(this.name, request);
    this.run(answer, request);
  }

  /// Runs a turn until it is answered, stopped or failed; goes on with it if only the connection fails.
  async run(answer, request) {
    const leaving = new AbortController();
    this.running = { leaving, answer, request };
    answer.state = 'waiting';
    answer.error = undefined;
    answer.asked = performance.now();
    this.changed('state', answer);
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.read(answer, request, leaving.signal);
        break;
      } catch (error) {
        if (leaving.signal.aborted) {
          this.stopped(answer);
          return;
        }
        if (error.code !== 'network' || attempt >= mostRetries) {
          this.fail(answer, error);
          return;
        }
        answer.state = 'reconnecting';
        this.changed('state', answer);
        await new Promise((wake) => {
          setTimeout(wake, Math.min(4000, 200 * 2 ** attempt));
          leaving.signal.addEventListener('abort', wake, { once: true });
          addEventListener('online', wake, { once: true });
        });
      }
    }
    this.end(answer, 'done');
    this.differs = false;
  }

  /// Reads the answer of one attempt. One that is told again from its beginning shows once it is longer.
  async read(answer, request, signal) {
    const headers = { 'X-Nekod-Session': this.name, 'Idempotency-Key': request.key };
    const response = await call('POST', 'v1/chat/completions', { body: request.body, headers, signal });
    const field = (name) => response.headers.get(name) ?? '';
    answer.request = field('X-Request-Id');
    answer.upstream = field('X-Upstream') || answer.upstream;
    answer.ignored = field('X-Ignored-Parameters');
    answer.fallback = field('X-Model-Fallback');
    answer.first = undefined;
    answer.pieces = 0;
    const fresh = { text: '', reasoning: '', calls: [] };
    for await (const chunk of events(response)) {
      if (chunk.error) throw new ApiError(chunk.error.message, { ...chunk.error, request: answer.request });
      if (chunk.model) answer.model = chunk.model;
      if (chunk.usage?.completion_tokens) answer.tokens = chunk.usage.completion_tokens;
      const [choice] = chunk.choices ?? [];
      if (!choice) continue;
      const delta = choice.delta ?? {};
      if (choice.finish_reason) answer.finish = choice.finish_reason;
      this.take(fresh, delta);
      if (delta.content || delta.reasoning_content || delta.reasoning || delta.tool_calls) {
        answer.first ??= performance.now();
        answer.last = performance.now();
        answer.pieces += 1;
      }
      if (fresh.text.length >= answer.text.length && fresh.reasoning.length >= (answer.reasoning ?? '').length) {
        Object.assign(answer, fresh, { state: 'running' });
        this.changed('text', answer);
      }
    }
    Object.assign(answer, fresh);
  }

  take(fresh, delta) {
    fresh.text += delta.content ?? delta.refusal ?? '';
    fresh.reasoning += delta.reasoning_content ?? delta.reasoning ?? '';
    for (const part of delta.tool_calls ?? []) {
      const place = part.index ?? 0;
      fresh.calls[place] ??= { id: '', name: '', arguments: '' };
      const each = fresh.calls[place];
      each.id ||= part.id ?? '';
      each.name ||= part.function?.name ?? '';
      each.arguments += part.function?.arguments ?? '';
    }
  }

  end(answer, state) {
    answer.state = state;
    this.running = undefined;
    this.lastUse = Date.now();
    setPending(this.name, undefined);
    if (this.history === 'new') this.history = 'whole';
    this.changed('end', answer);
  }

  stopped(answer) {
    // nekod keeps no trace of a turn that was left.
    this.end(answer, 'stopped');
    this.differs = true;
    if (!answer.text && !answer.reasoning) {
      answer.unsaid = true;
      const user = this.messages.at(this.messages.indexOf(answer) - 1);
      if (user) user.unsaid = true;
    }
    this.changed('end', answer);
  }

  fail(answer, error) {
    answer.error = error;
    answer.state = 'failed';
    const { request } = this.running ?? {};
    const user = this.messages[this.messages.indexOf(answer) - 1];
    if (user) user.unsaid = true;
    this.running = undefined;
    // Kept, so that a reload does not lose what was typed.
    if (request) setPending(this.name, { ...request, failed: true });
    this.changed('end', answer);
  }

  /// Sends again what failed.
  retry(answer) {
    const user = this.messages[this.messages.indexOf(answer) - 1];
    Object.assign(answer, { text: '', reasoning: '', calls: [], error: undefined });
    user.unsaid = false;
    this.start(user, answer);
  }

  stop() {
    this.running?.leaving.abort();
  }
}

const chats = new Map();

/// Forgets those that nekod has whole, the least recently used first, if there are many.
function makeRoom() {
  for (const [name, each] of chats) {
    if (chats.size <= mostChats) return;
    const safe = each.history === 'whole' && each.info?.conversation && !each.running && !each.differs;
    if (safe && each.messages.every((message) => !message.unsaid && message.state !== 'failed')) chats.delete(name);
  }
}

/// The conversation of that name; it is loaded when it is first asked for.
export function chat(name) {
  const known = chats.get(name) ?? new Chat(name);
  const isNew = chats.delete(name) === false;
  makeRoom();
  chats.set(name, known);
  if (isNew) known.load();
  return known;
}

/// A conversation that does not exist yet.
export function beginChat(name = `chat-${randomName()}`) {
  const result = new Chat(name);
  chats.set(name, result);
  return result;
}

export const openChats = () => [...chats.values()];
export function closeChat(name) {
  chats.get(name)?.stop();
  chats.delete(name);
  setPending(name, undefined);
  forgetTitle(name);
}

/// A new version of *of*: the same up to the message *at*, a user's, which is said as *text* instead.
export function branch(of, at, text, images, names) {
  const family = familyOf(of.name);
  const versions = [...names, ...chats.keys()].filter((name) => familyOf(name) === family).map(versionOf);
  const result = beginChat(`${family}${versionMark}${Math.max(1, ...versions) + 1}`);
  result.messages = of.messages.slice(0, at).filter((each) => !each.unsaid && each.state !== 'failed').map((each) => ({ ...each }));
  result.differs = result.messages.length > 0;
  result.send(text, images);
  return result;
}

/// The versions of the conversation *of* that say something else at the message *at*, its own among them: their
/// names, in order. Others with the same message there are left out.
export function versionsAt(of, at, all) {
  const same = all.filter((each) => each.messages.length > at && of.messages.slice(0, at).every((message, i) => sameWords(message, each.messages[i])));
  const distinct = [];
  for (const each of [of, ...same.filter((other) => other !== of)])
    if (!distinct.some((other) => sameWords(other.messages[at], each.messages[at]))) distinct.push(each);
  return distinct.sort((a, b) => versionOf(a.name) - versionOf(b.name)).map((each) => each.name);
}
