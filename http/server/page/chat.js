// A conversation and the turn that runs in it. nekod keeps it; here is what the tab knows of it.

import { ApiError, get } from './api.js';
import { randomName } from './dom.js';
import { endWith, hold, messagesIn, messagesOf, newMessage, titleIn } from './history.js';
import { pending, setPending, setting } from './keep.js';
import { setTitle } from './names.js';
import { Turn, itemsOf } from './turn.js';

/// How long a turn is looked for that cannot be reached: nekod keeps it for as long after its end, if not longer.
const patience = 600_000;
/// How often another client's turn is looked at.
const lookAgain = 2000;

const partOf = ({ text, reasoning }) => ({ text, reasoning });

export class Chat extends EventTarget {
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
    this.turns = 0;
    /// Whether nekod has it beyond a turn that runs.
    this.stored = false;
    /// Whether another client waits for an answer in it.
    this.elsewhere = false;
    this.forgotten = false;
  }

  changed(what, message) {
    this.dispatchEvent(new CustomEvent('change', { detail: { what, message } }));
  }

  get whole() {
    return this.history === 'whole' || this.history === 'new';
  }

  get path() {
    return `sessions/${encodeURIComponent(this.name)}`;
  }

  /// Reads what nekod knows of it.
  async load() {
    this.history = 'loading';
    this.changed('all');
    try {
      await this.read();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) {
        this.history = 'missing';
        this.problem = error;
      } else this.history = 'new';
    }
    setTitle(this.name, titleIn(this.messages));
    this.changed('all');
    await this.resume();
    this.look();
  }

  async read() {
    this.info = await get(this.path);
    const found = await messagesOf(this.info);
    this.turns = this.info.turns;
    this.history = found ? 'whole' : 'missing';
    this.messages = found ?? [];
    this.stored = this.turns > 0 || this.messages.length > 0;
  }

  /// Looks what other clients do with it: shows what they said, and waits for an answer that they asked for.
  async look() {
    clearTimeout(this.looking);
    if (this.running || this.history !== 'whole' || pending(this.name)) return;
    let info;
    try {
      info = await get(this.path);
    } catch {
      return;
    }
    if (this.running) return;
    this.elsewhere = info.state === 'answering';
    const ours = this.differs || this.messages.some((each) => each.unsaid || each.state === 'failed');
    if (info.turns !== this.turns && !ours) await this.read().catch(() => {});
    this.changed('all');
    if (this.elsewhere && this.viewed) this.looking = setTimeout(() => this.look(), lookAgain);
  }

  /// Whether it is in view.
  view(viewed) {
    this.viewed = viewed;
    clearTimeout(this.looking);
    if (viewed) this.look();
  }

  /// Goes on with a request that had no answer when the page was left.
  async resume() {
    const request = pending(this.name);
    if (!request || this.running) return;
    const said = request.shown;
    const last = this.messages.at(-1);
    const same = last?.role === 'assistant' && this.messages.at(-2)?.text === said.text;
    // It may have been answered meanwhile.
    const over = request.stopped && endWith(this.messages, said, request.partly);
    if (over || (request.id ? await this.isAnswered(request.id) : same && Date.now() - request.at > 60_000)) {
      setPending(this.name, undefined);
      return;
    }
    if (!request.id && same) this.messages.splice(-2);
    if (request.whole) this.messages = messagesIn(request.items.slice(0, -1)).filter((each) => each.role !== 'system');
    this.differs ||= request.whole;
    const user = newMessage('user', said.text, { images: said.images ?? [] });
    const answer = newMessage('assistant', '', { state: 'waiting', ...request.partly });
    this.messages.push(user, answer);
    this.changed('all');
    if (request.stopped) this.leave(user, answer);
    else if (request.failed) this.fail(answer, new ApiError(request.failed.message, request.failed));
    else this.run(answer, request);
  }

  /// Whether the answer with that id is among the messages.
  async isAnswered(id) {
    try {
      const { output } = await get(`v1/responses/${id}`);
      return this.messages.some((message) => output.some((item) => item.id === message.id));
    } catch {
      return false;
    }
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
    // The next message follows what was stopped.
    await this.holding;
    if (this.history !== 'whole' || this.messages.length <= 2 || this.differs || Date.now() - this.lastUse < 300_000) return;
    try {
      await get(this.path);
    } catch (error) {
      if (error.status === 404) this.differs = this.forgotten = true;
    }
  }

  start(user, answer) {
    const before = this.messages.slice(0, this.messages.indexOf(user)).filter((each) => each.state !== 'failed' && !each.unsaid);
    const whole = this.differs && this.whole;
    const said = whole ? [...before, user] : [user];
    const system = setting('system').trim();
    const items = said.filter((each) => each.role !== 'system' || !system).flatMap(itemsOf);
    if (system) items.unshift(...itemsOf({ role: 'system', text: system }));
    const request = { key: `page-${randomName(20)}`, at: Date.now(), items, model: setting('model'), parameters: setting('parameters'), whole, shown: { text: user.text, images: user.images } };
    setPending(this.name, request);
    this.run(answer, request);
  }

  /// Runs a turn until it is answered, stopped or failed; goes on with it if only the connection fails.
  async run(answer, request) {
    const leaving = new AbortController();
    const turn = new Turn(this.name, request);
    this.running = { leaving, answer, request, turn };
    answer.state = 'waiting';
    answer.error = undefined;
    answer.asked = performance.now();
    this.changed('state', answer);
    let known = request.id;
    for (let [pause, until] = [200, Date.now() + patience]; ; pause = Math.min(4000, 2 * pause)) {
      try {
        await turn.read(leaving.signal, () => {
          [pause, until] = [200, Date.now() + patience];
          if (request.id !== known) setPending(this.name, request);
          known = request.id;
          this.show(answer, turn);
        });
        break;
      } catch (error) {
        if (leaving.signal.aborted) return;
        if (error.code !== 'network' || Date.now() > until) {
          this.fail(answer, error.code === 'response_not_found' ? new ApiError('', { code: 'lost', request: error.request }) : error);
          return;
        }
        answer.state = 'reconnecting';
        this.changed('state', answer);
        await new Promise((wake) => {
          setTimeout(wake, pause);
          leaving.signal.addEventListener('abort', wake, { once: true });
          addEventListener('online', wake, { once: true });
        });
      }
    }
    if (turn.state === 'done') {
      Object.assign(answer, turn.shown);
      if (request.model && turn.model && request.model !== turn.model) answer.fallback = turn.model;
      this.turns += 1;
      this.stored = true;
      this.differs = false;
      this.end(answer);
    } else if (this.running?.turn === turn) this.stopped(answer);
  }

  /// Shows what has come, unless it is told again from its beginning and more has been shown.
  show(answer, turn) {
    answer.request = turn.asked;
    answer.model = turn.model;
    if (this.running?.stopping) this.cancel();
    const { shown } = turn;
    if (shown.pieces < (answer.pieces ?? 0) || (!shown.pieces && !shown.calls.length)) return;
    Object.assign(answer, shown, { state: 'running' });
    this.changed('text', answer);
  }

  end(answer) {
    answer.state = 'done';
    this.running = undefined;
    this.lastUse = Date.now();
    setPending(this.name, undefined);
    if (this.history === 'new') this.history = 'whole';
    this.changed('end', answer);
  }

  /// The turn was stopped: what came of it becomes part of the conversation, if it is not so already.
  async stopped(answer) {
    const { leaving, request } = this.running;
    leaving.abort();
    const user = this.messages.at(this.messages.indexOf(answer) - 1);
    this.leave(user, answer);
    setPending(this.name, { ...request, stopped: true, partly: partOf(answer) });
    if (!answer.text || !this.stored || request.whole) return;
    this.holding = hold(this.path, user, answer);
    if (!(await this.holding)) return;
    this.differs = false;
    setPending(this.name, undefined);
  }

  /// What was said and answered in a turn that was stopped has to be told with the next one.
  leave(user, answer) {
    this.running = undefined;
    this.lastUse = Date.now();
    if (answer.text) this.differs = true;
    else answer.unsaid = user.unsaid = true;
    if (this.history === 'new') this.history = 'whole';
    answer.state = 'stopped';
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
    const { code, message, status } = error;
    if (request) setPending(this.name, { ...request, failed: { code, message, status, request: error.request }, partly: partOf(answer) });
    this.changed('end', answer);
  }

  /// Sends again what failed.
  async retry(answer) {
    const user = this.messages[this.messages.indexOf(answer) - 1];
    Object.assign(answer, { text: '', reasoning: '', calls: [], pieces: 0, error: undefined });
    user.unsaid = false;
    this.lastUse = 0;
    await this.remembered();
    this.start(user, answer);
  }

  /// Stops the running answer: at once, or as soon as nekod has told its name.
  stop() {
    const { running } = this;
    if (!running || running.stopping) return;
    running.stopping = true;
    if (running.request.id) this.cancel();
    else if (running.answer.state === 'reconnecting') this.stopped(running.answer);
  }

  async cancel() {
    const { running } = this;
    if (!running.request.id || running.cancelling) return;
    running.cancelling = true;
    try {
      if (await running.turn.cancel()) {
        if (this.running === running) await this.stopped(running.answer);
      }
    } catch (error) {
      running.stopping = running.cancelling = false;
      if (this.running === running) this.changed('problem', error);
    }
  }
}
