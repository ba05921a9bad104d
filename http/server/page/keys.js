// The API keys, for admins: a list that can be sorted, and dialogs to create, change, replace and revoke keys.

import { call, get } from './api.js';
import { ask, openDialog } from './dialog.js';
import { h } from './dom.js';
import './keys_text.js';
import { copy, notice } from './notice.js';
import './service_text.js';
import './settings_text.js';
import { ago, dateTime, number, t } from './text.js';
import { duration } from './units.js';

const field = (label, control, hint) => h('label', { class: 'field' }, h('span', { text: label }), control, hint && h('small', { text: hint }));
const path = (id, query = '') => `keys/${encodeURIComponent(id)}${query}`;
const plain = (text, onclick) => h('button', { type: 'button', class: 'plain', text, onclick });

const columns = [
  ['tenant', (key) => key.tenant],
  ['rights', (key) => (key.admin ? 0 : 1)],
  ['created', (key) => -(key.created_at ?? 0)],
  ['lastUsed', (key) => -(key.last_used_at ?? 0)],
];

export class Keys {
  constructor(root) {
    this.root = root;
    this.sorted = 'tenant';
    this.load();
  }

  async load() {
    try {
      Object.assign(this, await get('keys'));
      this.draw();
    } catch (error) {
      this.root.replaceChildren(h('h2', { text: t('keysTitle') }), h('p', { class: 'error', role: 'alert', text: error.message }));
    }
  }

  draw() {
    const by = columns.find(([name]) => name === this.sorted)[1];
    const data = [...this.data].sort((a, b) => (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0));
    const sort = (name) => () => {
      this.sorted = name;
      this.draw();
      this.root.querySelector(`th[aria-sort] button`).focus();
    };
    const head = columns.map(([name]) => h('th', { scope: 'col', 'aria-sort': name === this.sorted ? 'ascending' : undefined }, plain(t(name), sort(name))));
    const others = ['left', 'actions'].map((name) => h('th', { scope: 'col', text: t(name) }));
    const table = h('table', {}, h('thead', {}, h('tr', {}, head, others)), h('tbody', {}, data.map((key) => this.row(key))));
    const focused = this.root.contains(document.activeElement);
    this.root.replaceChildren(
      h('h2', { text: t('keysTitle') }),
      this.writable ? plain(t('newKey'), () => this.edit()) : this.command(),
      h('div', { class: 'table', tabindex: '0' }, table),
    );
    if (focused) this.root.querySelector('button')?.focus();
  }

  /// How keys are added if nekod cannot write their file.
  command() {
    const text = 'nekod keys add NAME --file FILE';
    return h('div', {}, h('p', { class: 'hint', text: t('keysReadOnly') }), h('pre', { text, tabindex: '0' }), plain(t('copy'), () => copy(text)));
  }

  row(key) {
    const left = key.limits.map((limit) => `${t(`on_${limit.on}`)}: ${number(limit.left)} / ${number(limit.count)} (${duration(limit.seconds)})`);
    const actions = this.writable ? [plain(t('change'), () => this.edit(key)), plain(t('replace'), () => this.replace(key)), plain(t('revoke'), () => this.revoke(key))] : [];
    const cells = [
      [h('div', { text: key.tenant }), h('small', { text: key.id })],
      [h('div', { text: key.admin ? t('isAdmin') : '–' }), key.current && h('small', { text: t('thisKey') })],
      [key.created_at ? dateTime(new Date(key.created_at * 1000)) : '–'],
      [key.last_used_at ? ago(new Date(key.last_used_at * 1000)) : '–'],
      left.length ? left.map((text) => h('div', { text })) : ['–'],
      actions,
    ];
    return h('tr', { 'data-tenant': key.tenant }, cells.map((cell) => h('td', {}, cell)));
  }

  /// Asks for the properties of a new key, or of this one.
  edit(key) {
    const limit = (value) => h('input', { type: 'text', value: value ?? '', placeholder: '200 per day; 20 per minute' });
    const tenant = h('input', { type: 'text', required: true, maxlength: '64', pattern: '[A-Za-z0-9_.\\-]+', autocomplete: 'off' });
    const admin = h('input', { type: 'checkbox', checked: Boolean(key?.admin) });
    const [requests, chats] = [limit(key?.rate_limit), limit(key?.chat_rate_limit)];
    const fault = h('p', { class: 'error', role: 'alert', hidden: true });
    const wanted = () => ({ ...(key ? {} : { tenant: tenant.value.trim() }), admin: admin.checked, rate_limit: requests.value.trim() || null, chat_rate_limit: chats.value.trim() || null });
    const submit = async (event) => {
      event.preventDefault();
      try {
        const made = await this.confirmed('POST', key ? (query) => path(key.id, query) : () => 'keys', wanted());
        dialog.close();
        if (made?.key) this.show(made);
        this.load();
      } catch (error) {
        fault.textContent = error.message;
        fault.hidden = false;
      }
    };
    const form = h(
      'form',
      { onsubmit: submit },
      key ? h('p', { text: key.tenant }) : field(t('tenant'), tenant, t('tenantHint')),
      h('label', { class: 'choice' }, admin, h('span', { text: t('adminHint') })),
      field(t('limitRequests'), requests, t('limitHint')),
      field(t('limitChats'), chats),
      fault,
      h('footer', {}, plain(t('cancel'), () => dialog.close()), h('button', { type: 'submit', class: 'primary', text: t('save') })),
    );
    const dialog = openDialog(key ? t('change') : t('newKey'), form);
    (key ? requests : tenant).focus();
  }

  /// Shows a new key, which nobody can see again.
  show({ tenant, key }) {
    return new Promise((kept) => {
      const dialog = openDialog(
        t('keyOf', tenant),
        h('p', { text: t('keyOnce') }),
        h('pre', { class: 'secret', text: key, tabindex: '0' }),
        h('footer', {}, plain(t('copy'), () => copy(key)), h('button', { type: 'button', class: 'primary', text: t('iKeptIt'), onclick: () => dialog.close() })),
      );
      dialog.addEventListener('close', kept);
    });
  }

  /// Makes a second key of the same tenant, and then offers to revoke the first.
  async replace(key) {
    if (!(await ask(t('replace'), t('replaceDetail', key.tenant), t('newKey'), 'primary'))) return;
    try {
      const { tenant, admin, rate_limit, chat_rate_limit } = key;
      await this.show(await (await call('POST', 'keys', { body: { tenant, admin, rate_limit, chat_rate_limit } })).json());
    } catch (error) {
      return notice(error.message);
    }
    await this.load();
    if (await ask(t('revoke'), t('revokeOld', key.tenant), t('revoke'))) await this.remove(key);
  }

  async revoke(key) {
    if (await ask(t('revoke'), `${t('revokeDetail', `${key.tenant} ${key.id}`)} ${t('cannotUndo')}`, t('revoke'))) await this.remove(key);
  }

  async remove(key) {
    await this.confirmed('DELETE', (query) => path(key.id, query)).catch((error) => notice(error.message));
    await this.load();
  }

  /// Sends a change; asks once more if it takes away rights of the visitor or of the last admin.
  async confirmed(method, address, body) {
    try {
      return await (await call(method, address(''), { body })).json();
    } catch (error) {
      if (error.code !== 'confirmation_required') throw error;
      if (!(await ask(t('areYouSure'), error.message, t('goOn')))) return undefined;
      return (await call(method, address('?confirm=true'), { body })).json();
    }
  }
}
