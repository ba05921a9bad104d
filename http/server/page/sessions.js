// The list of nekod's sessions: all that the key may see, by whatever client they were begun.

import { get } from './api.js';
import { openChats } from './chats.js';
import { $, button, h } from './dom.js';
import { firstWordsOf, givenTitleOf, messagesOf } from './history.js';
import { familyOf, setTitle, titleFor } from './names.js';
import { ago, dateTime, number, t, timeOf } from './text.js';

const mostPages = 20;
const shownAtFirst = 60;
const exporting = () => import('./exporting.js');
const menus = () => import('./dialog.js');
const removal = () => import('./removal.js');

export class SessionList {
  constructor(root, { open, current, changed }) {
    Object.assign(this, { root, open, current, changed, sessions: [], shown: shownAtFirst, hits: new Set() });
    this.search = h('input', { type: 'search', placeholder: t('search'), 'aria-label': t('search'), oninput: () => this.searched() });
    this.files = h('input', { type: 'file', accept: '.json,application/json', multiple: true, hidden: true, tabindex: '-1', onchange: async () => (await import('./importing.js')).importFiles(this, this.files) });
    this.list = h('ul', { class: 'sessions' });
    this.foot = h('div', { class: 'list-foot' });
    root.replaceChildren(h('div', { class: 'search' }, this.search, button('more', t('conversations'), (event) => this.menu(event.currentTarget), { 'aria-haspopup': 'menu' }), this.files), this.list, this.foot);
    this.asking = 0;
    this.queue = [];
    this.seen = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) this.wantTitle(entry.target);
    });
  }

  async load() {
    try {
      const sessions = [];
      let after = '';
      for (let page = 0; page < mostPages; page += 1) {
        const found = await get(`sessions?limit=1000${after && `&after=${encodeURIComponent(after)}`}`);
        sessions.push(...found.sessions);
        if (!found.has_more) break;
        after = found.next;
      }
      this.sessions = sessions;
      this.problem = undefined;
    } catch (error) {
      this.problem = error;
    }
    this.draw();
  }

  names() {
    return this.sessions.map((each) => each.id);
  }

  info(name) {
    return this.sessions.find((each) => each.id === name);
  }

  /// Conversations with their versions, the latest first; those that nekod does not know yet, too.
  families() {
    const families = new Map();
    const add = (session) => {
      const family = familyOf(session.id);
      if (!families.has(family)) families.set(family, { family, versions: [], used: '' });
      const entry = families.get(family);
      entry.versions.push(session);
      if (session.last_used_at >= entry.used) {
        entry.used = session.last_used_at;
        entry.latest = session;
      }
    };
    this.sessions.forEach(add);
    const known = new Set(this.names());
    const now = new Date().toISOString().slice(0, -1);
    for (const chat of openChats()) if (chat.messages.length && !known.has(chat.name)) add({ id: chat.name, model: '', last_used_at: now, created_at: now, turns: 0, state: '' });
    return [...families.values()].sort((a, b) => (a.used < b.used ? 1 : -1));
  }

  /// The words in the search have changed.
  searched() {
    this.searching?.abort();
    this.searching = this.searchedFor = undefined;
    this.hits = new Set();
    this.draw();
  }

  words() {
    return this.search.value.trim().toLowerCase();
  }

  draw() {
    const words = this.words();
    const title = (entry) => titleFor(entry.family) ?? '';
    const fits = (entry) => !words || this.hits.has(entry.family) || `${title(entry)} ${entry.versions.map((each) => `${each.id} ${each.model}`).join(' ')}`.toLowerCase().includes(words);
    const found = this.families().filter(fits);
    this.seen.disconnect();
    const { activeElement } = document;
    const focused = this.list.contains(activeElement) ? `${activeElement.localName}[data-name="${CSS.escape(activeElement.dataset.name)}"]` : '';
    this.list.replaceChildren(...found.slice(0, this.shown).map((entry) => this.entry(entry)));
    if (focused) (this.list.querySelector(focused) ?? this.search).focus({ preventScroll: true });
    const foot = [];
    if (!found.length && !this.problem) foot.push(h('p', { class: 'hint', text: t(words ? 'noMatch' : 'noSessions') }));
    if (found.length > this.shown) foot.push(h('button', { type: 'button', class: 'plain', text: t('more'), onclick: () => ((this.shown += 200), this.draw()) }));
    if (words && !this.searching && this.searchedFor !== words) foot.push(h('button', { type: 'button', class: 'plain', text: t('searchTexts'), onclick: async () => (await import('./searching.js')).searchTexts(this) }));
    this.foot.replaceChildren(...foot);
  }

  entry({ family, latest, versions }) {
    const now = this.current();
    const here = familyOf(now) === family && now !== '';
    const name = here && versions.some((each) => each.id === now) ? now : latest.id;
    const title = titleFor(family);
    const details = [ago(timeOf(latest.last_used_at)), latest.turns ? t('turns', number(latest.turns)) : '', latest.state === 'answering' ? t('state_answering') : ''].filter(Boolean).join(' · ');
    const link = h('a', { href: `#/c/${encodeURIComponent(name)}`, 'aria-current': here ? 'page' : undefined, 'data-name': family, title: `${latest.id}\n${latest.model}\n${dateTime(timeOf(latest.last_used_at))}` }, h('span', { class: 'title', text: title ?? latest.id, dir: 'auto' }), h('span', { class: 'details', text: details }));
    const item = h('li', { class: here ? 'here' : undefined }, link, button('more', `${t('menu')}: ${title ?? latest.id}`, (event) => this.entryMenu(event.currentTarget, family, versions), { 'aria-haspopup': 'menu', 'data-name': family }));
    if (!title && latest.conversation && (latest.turns > 0 || latest.state === 'stored')) {
      // A title that was given is with the first of the versions, in any case.
      item.info = versions.find((each) => each.id === family && each.conversation) ?? latest;
      this.seen.observe(item);
    }
    return item;
  }

  wantTitle(item) {
    this.seen.unobserve(item);
    this.queue.push(item);
    while (this.asking < 2 && this.queue.length) this.askTitle(this.queue.shift());
  }

  async askTitle(item) {
    this.asking += 1;
    const given = await givenTitleOf(item.info);
    const title = given ?? (await firstWordsOf(item.info));
    this.asking -= 1;
    if (title) {
      setTitle(item.info.id, title, Boolean(given));
      $('.title', item).textContent = title;
    }
    if (this.queue.length) this.askTitle(this.queue.shift());
  }

  async entryMenu(opener, family, versions) {
    (await menus()).openMenu(opener, [
      [t('rename'), async () => (await import('./renaming.js')).rename(this, family, versions)],
      [t('exportMarkdown'), async () => (await exporting()).exportOne(this, versions, 'md')],
      [t('exportJson'), async () => (await exporting()).exportOne(this, versions, 'json')],
      [t('remove'), async () => (await removal()).remove(this, family, versions), 'danger'],
    ]);
  }

  async menu(opener) {
    (await menus()).openMenu(opener, [
      [t('exportAll'), async () => (await exporting()).exportAll(this)],
      [t('import'), () => this.files.click()],
      [t('removeMany'), async () => (await removal()).removeMany(this), 'danger'],
    ]);
  }

  async messages(info, signal) {
    const open = openChats().find((chat) => chat.name === info.id && chat.whole);
    return open ? open.messages : messagesOf(info, signal);
  }
}
