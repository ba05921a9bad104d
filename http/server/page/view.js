// The view of one conversation: its messages, and what one can do with them.

import { branch, chat as chatOf, openChats, versionsAt } from './chats.js';
import { button, h } from './dom.js';
import { Log } from './log.js';
import { drawMessage, errorText } from './message.js';
import { familyOf } from './names.js';
import { announce, notice } from './notice.js';
import { number, t } from './text.js';

export class ChatView {
  constructor(root, { composer, go, names, askKey, changed, texts }) {
    Object.assign(this, { composer, go, names, askKey, changed, texts });
    this.scroller = h('div', { class: 'scroller', tabindex: '0', role: 'region', 'aria-label': t('messages') });
    this.note = h('div', { class: 'note', hidden: true });
    this.down = button('down', t('toEnd'), () => this.log.toEnd(), { class: 'tool down', hidden: true });
    root.replaceChildren(this.note, this.scroller, h('div', { class: 'down-place' }, this.down));
    this.log = new Log(this.scroller, (message) => this.drawn(message), (atEnd) => (this.down.hidden = atEnd));
    this.listen = this.listen.bind(this);
    this.sibling = ({ detail }) => detail.what === 'all' && this.redrawFeet();
    this.frame = 0;
    this.waiting = new Set();
  }

  actions() {
    return {
      regenerate: (message) => this.again(message),
      edit: (message) => button('edit', t('edit'), async () => (await import('./editing.js')).edit(this, message), this.mayBranch()),
      versions: (message) => this.versions(message),
      retry: (message) => this.chat.retry(message),
      askKey: this.askKey,
    };
  }

  mayBranch() {
    return this.chat.whole ? {} : { disabled: true, title: t('unknownHistory') };
  }

  drawn(message) {
    return drawMessage(message, this.actions());
  }

  open(chat) {
    this.leave();
    this.chat = chat;
    chat?.addEventListener('change', this.listen);
    this.shownNote = undefined;
    this.all();
    this.loadVersions();
    chat?.view(true);
  }

  leave() {
    this.chat?.removeEventListener('change', this.listen);
    this.chat?.view(false);
    this.chat = undefined;
    clearInterval(this.clock);
  }

  /// The other versions of this conversation, so that one can go to them.
  loadVersions() {
    if (!this.chat) return;
    const family = familyOf(this.chat.name);
    for (const name of this.names()) if (familyOf(name) === family && name !== this.chat.name) chatOf(name).addEventListener('change', this.sibling);
    this.redrawFeet();
  }

  redrawFeet() {
    if (!this.chat || this.redrawing) return;
    this.redrawing = true;
    requestAnimationFrame(() => {
      this.redrawing = false;
      for (const message of this.chat?.messages ?? []) if (this.versionNames(message).length > 1) this.log.redraw(message);
    });
  }

  all() {
    const { chat } = this;
    if (!chat) {
      this.log.show([]);
      this.log.list.append(h('div', { class: 'begin' }, h('h1', { text: t('begin') }), h('p', { class: 'hint', text: t('beginHint') })));
    } else this.log.show(chat.messages);
    this.showNote();
    this.composer.busy(Boolean(chat?.running));
    this.down.hidden = true;
    this.watch();
  }

  showNote() {
    const { chat } = this;
    let text = '';
    if (chat?.history === 'loading') text = t('loadingHistory');
    else if (chat?.history === 'missing') text = chat.problem ? chat.problem.message || t('network') : t(this.texts() ? 'earlierMissing' : 'textsDropped');
    else if (chat?.elsewhere) text = t('answeredElsewhere');
    else if (chat?.forgotten) text = t('forgotten');
    else if (chat?.history === 'new' && !chat.messages.length) text = t('noConversation');
    this.note.hidden = !text;
    this.note.textContent = text;
  }

  listen({ detail: { what, message } }) {
    if (what === 'text') {
      this.waiting.add(message);
      this.frame ||= requestAnimationFrame(() => this.draw());
      return;
    }
    if (what === 'problem') {
      notice(errorText(message));
      return;
    }
    if (what === 'all') this.all();
    else {
      this.draw();
      const element = this.log.elementOf(message);
      element?.view?.update();
      element?.view?.state();
    }
    this.log.update();
    this.showNote();
    this.composer.busy(Boolean(this.chat.running));
    if (what === 'state') announce(t('answering'));
    if (what === 'end') {
      announce(message.state === 'done' ? t('answerDone') : '');
      this.redrawFeet();
    }
    this.watch();
    this.changed();
  }

  /// Draws what has come, once a frame; less often if drawing takes long.
  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (!this.waiting.size) return;
    const now = performance.now();
    if (this.rest > now) {
      this.frame = requestAnimationFrame(() => this.draw());
      return;
    }
    const messages = [...this.waiting];
    this.waiting.clear();
    for (const message of messages) {
      const view = this.log.elementOf(message)?.view;
      view?.update();
      if (message.state === 'running' && view?.element.querySelector('.dots')) view.state();
    }
    this.log.settle();
    const spent = performance.now() - now;
    this.rest = spent > 8 ? performance.now() + 3 * spent : 0;
  }

  /// Says how long an answer has been waited for.
  watch() {
    clearInterval(this.clock);
    const answer = this.chat?.running?.answer;
    if (!answer || answer.state !== 'waiting') return;
    this.clock = setInterval(() => {
      const waited = Math.round((performance.now() - answer.asked) / 1000);
      if (answer.state !== 'waiting') {
        clearInterval(this.clock);
        return;
      }
      if (waited >= 5) answer.note = `${t('waitingLong', number(waited))}${!answer.request && waited < 30 ? ` ${t('connectionsBusy')}` : ''}`;
      this.log.elementOf(answer)?.view?.state();
    }, 1000);
  }

  again(message) {
    const at = this.chat.messages.indexOf(message);
    const user = this.chat.messages.findLastIndex((each, i) => i < at && each.role === 'user');
    const act = () => this.branch(user, this.chat.messages[user].text, this.chat.messages[user].images);
    return button('again', t('regenerate'), act, user < 0 ? { disabled: true } : this.mayBranch());
  }

  branch(at, text, images) {
    if (this.chat.running) this.chat.stop();
    const made = branch(this.chat, at, text, images, this.names());
    this.go(made.name);
  }

  versionNames(message) {
    const { chat } = this;
    if (!chat?.whole) return [];
    const family = familyOf(chat.name);
    const all = openChats().filter((each) => familyOf(each.name) === family && each.whole);
    return all.length > 1 ? versionsAt(chat, chat.messages.indexOf(message), all) : [];
  }

  versions(message) {
    const names = this.versionNames(message);
    if (names.length < 2) return [];
    const at = names.indexOf(this.chat.name);
    const to = (step) => () => this.go(names[at + step]);
    return [
      button('left', t('earlierVersion'), to(-1), { disabled: at === 0 }),
      h('span', { class: 'figures', text: `${at + 1}/${names.length}` }),
      button('right', t('laterVersion'), to(1), { disabled: at === names.length - 1 }),
    ];
  }

  /// Moves the focus to the message before or behind.
  step(by) {
    const messages = [...this.log.list.querySelectorAll('.message')];
    const at = messages.indexOf(document.activeElement?.closest?.('.message'));
    const view = this.scroller.getBoundingClientRect();
    const seen = messages.findIndex((each) => each.getBoundingClientRect().bottom > view.top + 8);
    const target = messages[Math.max(0, Math.min(messages.length - 1, (at < 0 ? seen : at) + by))];
    if (!target) return;
    if (by < 0) this.log.free();
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: 'start' });
  }
}
