// Dialogs for the key, the page's own settings, and what is sent with each message.

import { key, keyIsRemembered, set, setKey, setting } from './keep.js';
import { openDialog } from './dialog.js';
import { h } from './dom.js';
import { copy } from './notice.js';
import './settings_text.js';
import { number, t } from './text.js';
import { duration } from './units.js';

const field = (label, control, hint) => h('label', { class: 'field' }, h('span', { text: label }), control, hint && h('small', { text: hint }));

function choice(name, options, changed) {
  const select = h('select', { onchange: () => changed(select.value) }, options.map(([value, label]) => h('option', { value, text: label, selected: setting(name) === value })));
  return select;
}

/// Asks for the key. *done* is called if it has changed; *refused* says that the one before was not taken.
export function openKeyDialog(done, refused) {
  const input = h('input', { type: 'password', value: key(), autocomplete: 'off', spellcheck: 'false', 'aria-label': t('apiKey') });
  const remember = h('input', { type: 'checkbox', checked: keyIsRemembered() });
  const use = (text) => {
    setKey(text.trim(), remember.checked);
    dialog.close();
    done();
  };
  const submit = (event) => {
    event.preventDefault();
    use(input.value);
  };
  const form = h(
    'form',
    { onsubmit: submit },
    refused && h('p', { class: 'error', role: 'alert', text: t('keyRefused') }),
    field(t('apiKey'), input),
    h('label', { class: 'choice' }, remember, h('span', {}, t('remember'), h('small', { text: t('rememberWarning') }))),
    h('footer', {}, key() && h('button', { type: 'button', class: 'plain', text: t('forget'), onclick: () => use('') }), h('button', { type: 'submit', class: 'primary', text: t('save') })),
  );
  const dialog = openDialog(t('enterKey'), form);
  input.focus();
}

function period(seconds) {
  const names = { 1: 'per_second', 60: 'per_minute', 3600: 'per_hour', 86400: 'per_day' };
  return names[seconds] ? t(names[seconds]) : duration(seconds);
}

function aboutKey(me, changeKey) {
  if (!me) return [h('button', { type: 'button', class: 'plain', text: t('enterKey'), onclick: changeKey })];
  const lines = [];
  if (me.keys) {
    lines.push(h('p', { text: `${t('holder', me.tenant)}${me.admin ? ` (${t('isAdmin')})` : ''}` }), h('button', { type: 'button', class: 'plain', text: t('enterKey'), onclick: changeKey }));
  } else {
    const command = 'nekod keys add NAME --admin --file FILE';
    lines.push(h('p', { text: t('keyless') }), h('p', { class: 'hint', text: t('firstKey') }), h('pre', { text: command, tabindex: '0' }), h('button', { type: 'button', class: 'plain', text: t('copy'), onclick: () => copy(command) }));
  }
  for (const limit of me.limits) lines.push(h('p', { text: t('limitLeft', t(`on_${limit.on}`), number(limit.count), number(limit.left), period(limit.seconds)) }));
  return lines;
}

/// The page's settings. *redraw* is called if one has changed that everything shows.
export function openSettings({ me, redraw, changeKey }) {
  const save = (name) => (value) => {
    set(name, value);
    dialog.close();
    redraw();
  };
  const keys = [
    ['Ctrl+K', 'k_search'],
    ['Ctrl+Shift+O', 'k_new'],
    ['Esc', 'k_stop'],
    ['Alt+↑ Alt+↓', 'k_move'],
    ['/', 'k_focus'],
  ];
  const dialog = openDialog(
    t('settings'),
    field(t('language'), choice('language', [['', t('byBrowser')], ['zh', '中文'], ['en', 'English']], save('language'))),
    field(t('theme'), choice('theme', [['', t('byBrowser')], ['light', t('light')], ['dark', t('dark')]], save('theme'))),
    field(t('enterKeyDoes'), choice('enter', [['', t('byDevice')], ['send', t('enterSends')], ['break', t('enterBreaks')]], save('enter'))),
    h('section', {}, h('h3', { text: t('apiKey') }), aboutKey(me, () => (dialog.close(), changeKey()))),
    h('section', {}, h('h3', { text: t('shortcuts') }), h('dl', { class: 'keys' }, keys.map(([combination, name]) => h('div', {}, h('dt', {}, h('kbd', { text: combination })), h('dd', { text: t(name) }))))),
    me && h('p', { class: 'hint', text: `nekod ${me.version}` }),
  );
}

/// What is sent with each message: the system prompt and parameters.
export function openTuning(done) {
  const prompt = h('textarea', { rows: '5', value: setting('system'), dir: 'auto' });
  const parameters = setting('parameters');
  const numeric = (name, label, most, step) => [name, h('input', { type: 'number', min: '0', max: most, step, value: String(parameters[name] ?? ''), placeholder: t('unset') }), label];
  const fields = [numeric('temperature', t('temperature'), '2', '0.1'), numeric('top_p', t('topP'), '1', '0.05'), numeric('max_tokens', t('maxTokens'), '1000000', '1')];
  const submit = (event) => {
    event.preventDefault();
    set('system', prompt.value);
    set('parameters', Object.fromEntries(fields.filter(([, input]) => input.value !== '').map(([name, input]) => [name, Number(input.value)])));
    dialog.close();
    done();
  };
  const form = h(
    'form',
    { onsubmit: submit },
    field(t('system'), prompt, t('promptHint')),
    fields.map(([, input, label]) => field(label, input)),
    h('footer', {}, h('button', { type: 'submit', class: 'primary', text: t('save') })),
  );
  const dialog = openDialog(t('tune'), form);
}
