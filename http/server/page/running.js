// A turn that runs: read until its end, however often the connection breaks.

import { ApiError } from './api.js';
import { Turn } from './turn.js';

/// How long a turn is looked for that cannot be reached: nekod keeps it for as long after its end, if not longer.
const patience = 600_000;

export class Running {
  /// @param answer The message that shows what comes.
  /// @param tell Functions: `changed`, told what of the answer has changed; `named`, once nekod has told the id of the
  /// response; `stopped`, once it is; `problem`, why it could not be stopped.
  constructor(session, answer, request, tell) {
    Object.assign(this, { answer, request, tell });
    this.leaving = new AbortController();
    this.turn = new Turn(session, request);
    Object.assign(answer, { state: 'waiting', error: undefined, asked: performance.now() });
  }

  /// Reads until it has ended or is left; throws if it fails.
  async read() {
    const { turn, request, leaving } = this;
    let known = request.id;
    for (let [pause, until] = [200, Date.now() + patience]; ; pause = Math.min(4000, 2 * pause)) {
      try {
        await turn.read(leaving.signal, () => {
          [pause, until] = [200, Date.now() + patience];
          if (request.id !== known) this.tell.named();
          known = request.id;
          this.show();
        });
        return;
      } catch (error) {
        if (leaving.signal.aborted) return;
        if (error.code === 'response_not_found') throw new ApiError('', { code: 'lost', request: error.request });
        if (error.code !== 'network' || Date.now() > until) throw error;
        await this.wait(pause);
      }
    }
  }

  /// Waits until the network may be there again.
  async wait(time) {
    this.answer.state = 'reconnecting';
    this.tell.changed('state');
    await new Promise((wake) => {
      setTimeout(wake, time);
      this.leaving.signal.addEventListener('abort', wake, { once: true });
      addEventListener('online', wake, { once: true });
    });
  }

  /// Shows what has come, unless it is told again from its beginning and more has been shown.
  show() {
    const { answer, turn } = this;
    answer.request = turn.asked;
    answer.model = turn.model;
    if (this.stopping) this.cancel();
    const { shown } = turn;
    if (shown.pieces < (answer.pieces ?? 0) || (!shown.pieces && !shown.calls.length)) return;
    Object.assign(answer, shown, { state: 'running' });
    this.tell.changed('text');
  }

  /// Stops it at once, or as soon as nekod has told its name.
  stop() {
    if (this.stopping) return;
    this.stopping = true;
    if (this.request.id) this.cancel();
    else if (this.answer.state === 'reconnecting') this.tell.stopped();
  }

  async cancel() {
    if (!this.request.id || this.cancelling) return;
    this.cancelling = true;
    try {
      if (await this.turn.cancel()) await this.tell.stopped();
    } catch (error) {
      this.stopping = this.cancelling = false;
      this.tell.problem(error);
    }
  }
}
