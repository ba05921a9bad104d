// The page: its frame, its addresses (`#/`, `#/c/NAME`, `#/service`), and its keys.

import { get } from './api.js';
import { beginChat, chat as chatOf } from './chats.js';
import { Composer } from './composer.js';
import { $, button, h, icon } from './dom.js';
import { key, set, setting } from './keep.js';
import { setTitle, titleFor } from './names.js';
import { notice } from './notice.js';
import { SessionList } from './sessions.js';
import { language, t } from './text.js';
import { ChatView } from './view.js';

class App {
  constructor() {
    this.models = [];
    addEventListener('hashchange', () => this.route());
    addEventListener('keydown', (event) => this.key(event));
    addEventListener('focus', () => (this.list.load(), this.chat?.look()));
    this.build();
    this.refresh();
  }

  /// Makes the frame anew, in the language and colours that are set.
  build() {
    document.documentElement.lang = language() === 'zh' ? 'zh-CN' : 'en';
    const theme = setting('theme');
    document.documentElement.style.colorScheme = theme || '';
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    this.service?.close();
    this.service = undefined;
    this.view?.leave();
    const menu = (name, label, act, more) => h('button', { type: 'button', class: 'entry', onclick: act, ...more }, icon(name), h('span', { text: label }));
    this.sessionsPlace = h('nav', { class: 'list', 'aria-label': t('conversations') });
    this.serviceLink = h('a', { class: 'entry', href: '#/service', hidden: !this.me?.operations }, icon('service'), h('span', { text: t('service') }));
    this.side = h('aside', { class: 'side', id: 'side' },
      h('a', { class: 'entry new', href: '#/', onclick: () => this.focusLater() }, icon('new'), h('span', { text: t('newChat') })),
      this.sessionsPlace,
      h('div', { class: 'side-foot' }, this.serviceLink, menu('settings', t('settings'), () => this.settings())));
    this.model = h('select', { 'aria-label': t('model'), onchange: () => set('model', this.model.value) });
    this.title = h('h1', { class: 'title' });
    this.toggle = button('menu', t('menu'), () => this.openSide(this.toggle.getAttribute('aria-expanded') !== 'true'), { 'aria-controls': 'side', class: 'tool toggle' });
    this.tune = button('tune', t('tune'), async () => (await import('./settings.js')).openTuning(() => this.marks()));
    this.head = h('header', { class: 'head' }, this.toggle, this.title, this.model, this.tune);
    this.chatPlace = h('div', { class: 'chat' });
    this.composerPlace = h('div', { class: 'composer' });
    this.servicePlace = h('div', { class: 'service', hidden: true, tabindex: '0', role: 'region', 'aria-label': t('service') });
    const main = h('main', {}, this.head, this.chatPlace, this.composerPlace, this.servicePlace);
    const shade = h('div', { class: 'shade', onclick: () => this.openSide(false) });
    $('#page').replaceChildren(
      h('a', { class: 'skip', href: '#message', text: t('skip'), onclick: (event) => (event.preventDefault(), this.composer.focus()) }),
      this.side, shade, main,
      h('div', { id: 'notice', role: 'status', hidden: true }),
      h('div', { id: 'announcer', class: 'unseen', role: 'status', 'aria-live': 'polite' }));
    this.list = new SessionList(this.sessionsPlace, { open: (name) => this.go(name), current: () => this.name ?? '', changed: () => this.changed() });
    this.composer = new Composer(this.composerPlace, { send: (text, images) => this.send(text, images), stop: () => this.chat?.stop(), say: notice });
    this.view = new ChatView(this.chatPlace, { composer: this.composer, go: (name) => this.go(name), names: () => this.list.names(), askKey: () => this.askKey(), changed: () => this.changed(), texts: () => this.me?.texts ?? true });
    this.showModels();
    this.marks();
    this.openSide(false);
    this.route();
  }

  /// Asks nekod who we are, and what it has.
  async refresh() {
    try {
      this.me = await get('me');
      this.serviceLink.hidden = !this.me.operations;
    } catch (error) {
      this.me = undefined;
      if (error.status === 401) this.askKey(Boolean(key()));
    }
    try {
      this.models = (await get('v1/models')).data.map((each) => each.id);
    } catch {
      this.models = [];
    }
    this.showModels();
    await this.list.load();
    this.view.loadVersions();
  }

  showModels() {
    const chosen = setting('model');
    const names = [...new Set([...(chosen ? [chosen] : []), ...this.models])];
    this.model.replaceChildren(h('option', { value: '', text: t('defaultModel') }), ...names.map((name) => h('option', { value: name, text: name, selected: name === chosen })));
  }

  marks() {
    this.tune.classList.toggle('on', Boolean(setting('system').trim() || Object.keys(setting('parameters')).length));
  }

  /// @param refused Whether the key that is known was not taken.
  async askKey(refused) {
    const { openKeyDialog } = await import('./settings.js');
    if (!$('dialog')) openKeyDialog(() => location.reload(), refused);
  }

  async settings() {
    const { openSettings } = await import('./settings.js');
    this.me = await get('me').catch(() => this.me);
    openSettings({
      me: this.me,
      changeKey: () => this.askKey(),
      redraw: () => {
        this.build();
        this.list.load();
      },
    });
  }

  go(name) {
    const address = name ? `#/c/${encodeURIComponent(name)}` : '#/';
    if (location.hash === address) this.route();
    else location.hash = address;
  }

  route() {
    const m = /^#\/c\/(.+)$/.exec(location.hash);
    const service = location.hash === '#/service';
    let name = '';
    try {
      name = m ? decodeURIComponent(m[1]) : '';
    } catch {
      name = '';
    }
    this.openSide(false);
    this.name = name;
    this.servicePlace.hidden = !service;
    this.chatPlace.hidden = this.composerPlace.hidden = service;
    this.model.hidden = this.tune.hidden = service;
    if (service) {
      this.view.leave();
      this.chat = undefined;
      this.openService();
    } else {
      this.service?.close();
      this.chat = name ? chatOf(name) : undefined;
      this.view.open(this.chat);
      this.composer.open(name, Boolean(this.chat?.running));
      if (matchMedia('(hover: hover)').matches) this.composer.focus();
    }
    this.changed();
  }

  async openService() {
    const { Service } = await import('./service.js');
    this.service ??= new Service(this.servicePlace, () => this.me);
    if (!this.servicePlace.hidden) this.service.open();
  }

  focusLater() {
    requestAnimationFrame(() => this.composer.focus());
  }

  changed() {
    const service = location.hash === '#/service';
    const title = service ? t('service') : this.name ? (titleFor(this.name) ?? this.name) : t('newChat');
    this.title.textContent = title;
    document.title = `${title} · nekod`;
    this.serviceLink.toggleAttribute('aria-current', service);
    if (!this.redrawing) {
      this.redrawing = true;
      requestAnimationFrame(() => {
        this.redrawing = false;
        this.list.draw();
      });
    }
    clearTimeout(this.reload);
    this.reload = setTimeout(() => this.list.load(), 1500);
  }

  send(text, images) {
    if (!this.chat) {
      const chat = beginChat();
      setTitle(chat.name, text.slice(0, 80));
      chat.send(text, images);
      this.go(chat.name);
      return;
    }
    this.chat.send(text, images);
    this.view.log.toEnd();
  }

  openSide(open) {
    document.body.classList.toggle('side-open', open);
    this.toggle.setAttribute('aria-expanded', String(open));
    // On a narrow screen what cannot be seen cannot be reached either.
    this.side.inert = !open && matchMedia('(max-width: 760px)').matches;
  }

  key(event) {
    if (event.isComposing || event.defaultPrevented) return;
    const control = event.ctrlKey || event.metaKey;
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? '');
    let done = true;
    if (control && event.key.toLowerCase() === 'k') {
      this.openSide(true);
      this.list.search.focus();
    } else if (control && event.shiftKey && event.key.toLowerCase() === 'o') {
      this.go('');
      this.focusLater();
    } else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) this.view.step(event.key === 'ArrowUp' ? -1 : 1);
    else if (event.key === '/' && !typing && !$('dialog')) this.composer.focus();
    else if (event.key === 'Escape' && !$('dialog')) {
      if (document.body.classList.contains('side-open')) this.openSide(false);
      else if (this.chat?.running) this.chat.stop();
      else done = false;
    } else done = false;
    if (done) event.preventDefault();
  }

}

// A module runs once the document has been read.
new App();
matchMedia('(max-width: 760px)').addEventListener('change', () => ($('#side').inert = matchMedia('(max-width: 760px)').matches && !document.body.classList.contains('side-open')));
