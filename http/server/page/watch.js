// What other clients do with a conversation: what they said is shown, and an answer that they asked for is followed.

import { get } from './api.js';
import { inputOf, newMessage } from './history.js';
import { pending } from './keep.js';

/// How often it is looked whether another client's turn has ended, if it cannot be followed.
const period = 2000;

export class Watch {
  constructor(chat) {
    this.chat = chat;
  }

  stop() {
    clearTimeout(this.timer);
  }

  /// Looks again in a while, if it is in view.
  later() {
    this.stop();
    if (this.chat.viewed) this.timer = setTimeout(() => this.look(), period);
  }

  async look() {
    const { chat } = this;
    this.stop();
    if (chat.running || chat.history !== 'whole' || pending(chat.name)) return;
    try {
      await this.update();
    } catch {
      return;
    }
    const { info } = chat;
    if (info.response) await this.follow(info.response);
    if (chat.running) return;
    const elsewhere = info.state === 'answering';
    if (elsewhere !== chat.elsewhere) {
      chat.elsewhere = elsewhere;
      chat.changed('note');
    }
    if (elsewhere) this.later();
  }

  /// Reads what is new, unless the conversation here has something that nekod does not have.
  async update() {
    const { chat } = this;
    const info = await get(chat.path);
    if (chat.running) return;
    const ours = chat.differs || chat.messages.some((each) => (each.unsaid || each.state === 'failed') && !each.followed);
    if (info.turns !== chat.turns && !ours) {
      await chat.read();
      chat.changed('all');
    } else chat.info = info;
  }

  /// Shows the answer *id* as it comes, unless the request for it cannot be known.
  async follow(id) {
    const { chat } = this;
    const [user, isAnswered] = await Promise.all([inputOf(id), chat.isAnswered(id)]);
    if (!user || isAnswered || chat.running || pending(chat.name)) return;
    // One that failed is tried again.
    chat.messages = chat.messages.filter((each) => !each.followed);
    const answer = newMessage('assistant', '', { state: 'waiting' });
    chat.messages.push(user, answer);
    chat.elsewhere = false;
    chat.changed('all');
    chat.run(answer, { id, followed: true, shown: { text: user.text, images: user.images } });
  }
}
