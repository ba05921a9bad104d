// What is said in passing: to all, and to screen readers.

import { $, copyText, h } from './dom.js';
import { t } from './text.js';

let hiding;

/// Tells the visitor something in passing, above a dialog, too.
export function notice(text) {
  const place = $('#notice') ?? h('div', { id: 'notice', role: 'status' });
  ($('dialog[open]') ?? $('#page')).append(place);
  place.textContent = text;
  place.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (place.hidden = true), 6000);
}

/// Copies *text*, and says whether that worked.
export const copy = async (text) => notice(t((await copyText(text)) ? 'copied' : 'copyFailed'));

/// Says something to screen readers only.
export function announce(text) {
  $('#announcer').textContent = text;
}
