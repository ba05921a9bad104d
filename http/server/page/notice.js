// What is said in passing: to all, and to screen readers.

import { $ } from './dom.js';

let hiding;

/// Tells the visitor something in passing.
export function notice(text) {
  const place = $('#notice');
  place.textContent = text;
  place.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (place.hidden = true), 6000);
}

/// Says something to screen readers only.
export function announce(text) {
  $('#announcer').textContent = text;
}
