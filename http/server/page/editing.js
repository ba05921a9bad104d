// A message of the visitor that is edited, loaded when one is.

import { $, h } from './dom.js';
import { t } from './text.js';

/// Shows *message* of *view* in a box to write in; what is sent begins another version of the conversation.
export function edit(view, message) {
  const { log } = view;
  const at = view.chat.messages.indexOf(message);
  const text = h('textarea', { rows: String(Math.min(12, message.text.split('\n').length + 1)), 'aria-label': t('message'), dir: 'auto', value: message.text });
  const close = () => {
    log.redraw(message);
    $(`[aria-label="${t('edit')}"]`, log.elementOf(message))?.focus();
  };
  const send = () => text.value.trim() && view.branch(at, text.value.trim(), message.images);
  const key = (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
    } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send();
  };
  text.addEventListener('keydown', key);
  log.elementOf(message)?.replaceChildren(h('div', { class: 'editor' }, text, h('div', { class: 'row' }, h('button', { type: 'button', class: 'plain', text: t('cancel'), onclick: close }), h('button', { type: 'button', class: 'primary', text: t('send'), onclick: send }))));
  text.focus();
}
