// A conversation, and the turns that are run in it. nekod keeps it; here is what the tab knows of it.

import { ApiError, get } from './api.js';
import { randomName } from './dom.js';
import { answered, fail, stopped } from './ending.js';
import { givenTitleOf, messagesOf, newMessage, titleIn } from './history.js';
import { pending, setPending, setting } from './keep.js';
import { setTitle } from './names.js';
import { Running } from './running.js';
import { itemsOf } from './turn.js';
import { Watch } from './watch.js';

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
    setTitle(this.name, titleIn(this.messages));
    this.changed('all');
    this.readTitle();
    // Most conversations have nothing to go on with.
    if (pending(this.name)) await (await import('./resuming.js')).resume(this);
    this.look();
  }

  async readTitle() {
    const given = await givenTitleOf(this.info);
    if (!given) return;
    setTitle(this.name, given, true);
    this.changed('note');
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
      stopped: () => this.running === running && stopped(this, answer),
      problem: (error) => this.running === running && this.changed('problem', error),
    });
    this.running = running;
    this.changed('state', answer);
    try {
      await running.read();
    } catch (error) {
      if (this.running === running) fail(this, answer, error);
      return;
    }
    if (this.running !== running) return;
    if (running.turn.state === 'done') answered(this, running);
    else await stopped(this, answer);
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
