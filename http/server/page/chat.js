// A conversation and the turn that runs in it. nekod keeps it; here is what the tab knows of it.

import { ApiError, get } from './api.js';
import { randomName } from './dom.js';
import { endWith, givenTitleOf, hold, messagesIn, messagesOf, newMessage, titleIn } from './history.js';
import { pending, setPending, setting } from './keep.js';
import { setTitle } from './names.js';
import { Running } from './running.js';
import { itemsOf } from './turn.js';
import { Watch } from './watch.js';

/// How long the page that stopped a turn has to keep what came of it.
const holdElsewhere = 2000;

const pause = (time) => new Promise((wake) => setTimeout(wake, time));
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
    this.watch = new Watch(this);
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
    const given = this.info && (await givenTitleOf(this.info));
    setTitle(this.name, given ?? titleIn(this.messages), Boolean(given));
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

  /// Looks what other clients do with it.
  look() {
    return this.watch.look();
  }

  /// Whether it is in view.
  view(viewed) {
    this.viewed = viewed;
    this.watch.stop();
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
    const running = new Running(this.name, answer, request, {
      changed: (what) => this.changed(what, answer),
      named: () => request.followed || setPending(this.name, request),
      stopped: () => this.running === running && this.stopped(answer),
      problem: (error) => this.running === running && this.changed('problem', error),
    });
    this.running = running;
    this.changed('state', answer);
    try {
      await running.read();
    } catch (error) {
      if (this.running === running) this.fail(answer, error);
      return;
    }
    if (this.running !== running) return;
    if (running.turn.state === 'done') this.answered(running);
    else await this.stopped(answer);
  }

  answered({ answer, request, turn }) {
    Object.assign(answer, turn.shown);
    if (request.model && turn.model && request.model !== turn.model) answer.fallback = turn.model;
    this.turns += 1;
    this.stored = true;
    this.differs = false;
    this.end(answer, request.followed);
    if (request.followed) this.look();
  }

  end(answer, followed) {
    answer.state = 'done';
    this.running = undefined;
    this.lastUse = Date.now();
    if (!followed) setPending(this.name, undefined);
    if (this.history === 'new') this.history = 'whole';
    this.changed('end', answer);
  }

  /// The turn was stopped: what came of it becomes part of the conversation, if it is not so already.
  async stopped(answer) {
    const { leaving, request, stopping } = this.running;
    leaving.abort();
    const user = this.messages.at(this.messages.indexOf(answer) - 1);
    if (request.followed && !stopping) return this.stoppedElsewhere(answer);
    this.leave(user, answer);
    setPending(this.name, { ...request, followed: false, stopped: true, partly: partOf(answer) });
    if (!answer.text || !this.stored || request.whole) return;
    // Who stopped it keeps what came of it, unless that page has gone.
    this.holding = (stopping ? Promise.resolve() : pause(holdElsewhere)).then(() => hold(this.path, user, answer));
    if (!(await this.holding)) return;
    this.differs = false;
    setPending(this.name, undefined);
  }

  /// What is kept of it is another page's part; it is there in a while.
  stoppedElsewhere(answer) {
    this.running = undefined;
    answer.state = 'stopped';
    this.turns = -1;
    this.changed('end', answer);
    this.watch.later();
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
    answer.followed = request?.followed;
    const user = this.messages[this.messages.indexOf(answer) - 1];
    if (user) Object.assign(user, { unsaid: true, followed: answer.followed });
    this.running = undefined;
    // Kept, so that a reload does not lose what was typed.
    const { code, message, status } = error;
    if (request && !request.followed) setPending(this.name, { ...request, failed: { code, message, status, request: error.request }, partly: partOf(answer) });
    this.changed('end', answer);
  }

  /// Sends again what failed.
  async retry(answer) {
    const user = this.messages[this.messages.indexOf(answer) - 1];
    Object.assign(answer, { text: '', reasoning: '', calls: [], pieces: 0, error: undefined, followed: false });
    Object.assign(user, { unsaid: false, followed: false });
    this.lastUse = 0;
    await this.remembered();
    this.start(user, answer);
  }

  /// Stops the running answer: at once, or as soon as nekod has told its name.
  stop() {
    this.running?.stop();
  }
}
