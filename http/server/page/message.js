// One message as an element.

import { button, copyText, h, icon } from './dom.js';
import { Markdown } from './markdown.js';
import { has, number, t } from './text.js';

const who = { user: 'you', assistant: 'assistant', system: 'system', tool: 'tool' };

function pictures(urls) {
  // Only what is in the conversation itself; an address would be a request to another host.
  const shown = urls.filter((url) => /^data:image\/(png|jpeg|gif|webp);/i.test(url));
  return urls.length
    ? h('div', { class: 'pictures' }, shown.map((src) => h('img', { src, alt: t('picture'), loading: 'lazy' })), urls.length > shown.length && h('span', { class: 'chip' }, icon('picture'), t('picture')))
    : undefined;
}

function drawCall(call) {
  const name = h('summary', {}, icon('tool'), t('call', call.name));
  return h(
    'details',
    { class: 'call' },
    name,
    h('pre', { text: pretty(call.arguments), tabindex: '0' }),
    call.result !== undefined && h('pre', { class: 'result', text: pretty(call.result), tabindex: '0' }),
  );
}

function pretty(text) {
  if (text.length > 20_000) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/// What the visitor reads of an error.
export function errorText(error) {
  if (error.code === 'network' || error.code === 'lost') return t(error.code);
  return error.message || error.code || String(error);
}

/// An element for a message of an assistant that can change while the answer comes.
class AnswerView {
  constructor(message, actions) {
    this.message = message;
    this.actions = actions;
    this.thought = h('pre', { class: 'thought' });
    this.reasoning = h('details', { class: 'reasoning', hidden: true, open: Boolean(message.open), ontoggle: () => (message.open = this.reasoning.open) }, h('summary', {}, icon('thought'), t('reasoning')), this.thought);
    this.calls = h('div', {});
    this.body = h('div', { class: 'markdown' });
    this.markdown = new Markdown(this.body);
    this.status = h('div', { class: 'status', hidden: true });
    this.foot = h('div', { class: 'foot' });
    this.element = h('article', { class: 'message assistant', tabindex: '-1', 'aria-label': t('assistant') }, this.reasoning, this.calls, this.body, this.status, this.foot);
    this.update();
    this.state();
  }

  /// Draws what has come since the last time.
  update() {
    const { message } = this;
    const thought = message.reasoning ?? '';
    if (thought) {
      this.reasoning.hidden = false;
      const shown = this.thought.firstChild?.data ?? '';
      if (thought.startsWith(shown) && this.thought.firstChild) this.thought.firstChild.appendData(thought.slice(shown.length));
      else this.thought.textContent = thought;
    }
    this.markdown.show(message.text);
    const calls = message.calls.filter(Boolean);
    const text = JSON.stringify(calls);
    if (this.callText !== text) this.calls.replaceChildren(...calls.map(drawCall));
    this.callText = text;
    if (message.state === 'running') this.speed();
  }

  speed() {
    const { first, last, asked, pieces, tokens, model, upstream } = this.message;
    const parts = [];
    if (model) parts.push(model);
    if (upstream) parts.push(upstream);
    if (first) {
      parts.push(t('firstToken', number((first - asked) / 1000, 2)));
      if (last - first > 200) parts.push(t('speed', number((pieces - 1) / ((last - first) / 1000), 1)));
      parts.push(tokens ? t('tokens', number(tokens)) : t('pieces', number(pieces)));
    }
    this.figures ??= h('span', { class: 'figures' });
    this.figures.textContent = parts.join(' · ');
    if (!this.figures.isConnected) this.foot.append(this.figures);
  }

  /// Draws what depends on the state of the answer.
  state() {
    const { message, actions } = this;
    const { state } = message;
    const busy = ['waiting', 'running', 'reconnecting'].includes(state);
    this.element.classList.toggle('busy', busy);
    this.element.setAttribute('aria-busy', String(busy));
    this.status.className = 'status';
    this.status.removeAttribute('role');
    const note = [];
    if (state === 'waiting') note.push(h('span', { class: 'dots', 'aria-hidden': 'true' }), message.note ?? t('waiting'));
    else if (state === 'reconnecting') note.push(t('reconnecting'));
    else if (state === 'stopped') note.push(t('stopped'));
    else if (state === 'failed') note.push(...this.failure());
    else {
      if (message.finish === 'max_output_tokens') note.push(t('cutByLength'));
      if (message.finish === 'content_filter') note.push(t('filtered'));
      if (message.fallback) note.push(h('div', { text: t('fellBack', message.fallback) }));
    }
    this.status.replaceChildren(...note);
    this.status.hidden = note.length === 0;
    this.foot.replaceChildren();
    if (!busy) {
      if (message.text) this.foot.append(copying(() => message.text));
      if (state !== 'failed') this.foot.append(actions.regenerate(message));
      this.foot.append(...actions.versions(message));
    }
    if (message.pieces || message.model) this.speed();
  }

  failure() {
    const { error } = this.message;
    this.status.classList.add('error');
    this.status.setAttribute('role', 'alert');
    const again = h('button', { type: 'button', class: 'plain', onclick: () => this.actions.retry(this.message), text: t('retry') });
    const parts = [h('strong', { text: errorText(error) })];
    if (error.code && error.code !== 'network') parts.push(h('small', { text: t('errorAt', error.code, error.request || '–') }));
    if (error.status === 401) parts.push(h('button', { type: 'button', class: 'plain', onclick: this.actions.askKey, text: t('enterKey') }));
    const wait = h('small', {});
    parts.push(again, wait);
    if (error.retryAfter) {
      const until = (error.until ??= Date.now() + error.retryAfter * 1000);
      const count = () => {
        const left = Math.ceil((until - Date.now()) / 1000);
        again.disabled = left > 0;
        wait.textContent = left > 0 ? t('retryIn', number(left)) : '';
        if (left > 0 && this.message.state === 'failed') setTimeout(count, 1000);
      };
      count();
    }
    return parts;
  }
}

function copying(text) {
  const copy = button('copy', t('copy'), async () => {
    const done = await copyText(text());
    copy.title = t(done ? 'copied' : 'copyFailed');
    copy.setAttribute('aria-label', copy.title);
    copy.classList.add(done ? 'done' : 'undone');
    setTimeout(() => {
      copy.title = t('copy');
      copy.setAttribute('aria-label', copy.title);
      copy.classList.remove('done', 'undone');
    }, 2000);
  });
  return copy;
}

/// The element of *message*. That of an answer has its view as `view`.
export function drawMessage(message, actions) {
  if (message.role === 'assistant') {
    const view = new AnswerView(message, actions);
    view.element.view = view;
    return view.element;
  }
  const label = t(has(who[message.role]) ? who[message.role] : 'tool');
  if (message.role !== 'user') return h('article', { class: 'message aside', tabindex: '-1', 'aria-label': label }, h('details', {}, h('summary', { text: label }), h('pre', { class: 'thought', text: message.text })));
  const foot = h('div', { class: 'foot' }, copying(() => message.text), actions.edit(message), ...actions.versions(message));
  return h('article', { class: 'message user', tabindex: '-1', 'aria-label': label }, h('div', { class: 'bubble', dir: 'auto', text: message.text }), pictures(message.images), foot);
}
