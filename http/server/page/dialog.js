// Dialogs and menus, loaded when they are asked for.

import { button, byTouch, h, loadStyle } from './dom.js';
import { t } from './text.js';

await loadStyle('dialog.css');

/// Opens a dialog with that title; it ends with its close button, Escape, or `close()`.
export function openDialog(title, ...content) {
  const heading = `dialog-${Math.random().toString(36).slice(2)}`;
  const dialog = h('dialog', { 'aria-labelledby': heading });
  dialog.append(h('header', {}, h('h2', { id: heading, text: title }), button('close', t('close'), () => dialog.close())), ...content);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  // The first thing to do, rather than to close it; by touch, that would open a keyboard.
  if (!byTouch()) (dialog.querySelector('[autofocus]') ?? dialog.querySelector('form input, form textarea, .field select, footer button'))?.focus();
  return dialog;
}

/// Asks whether to go on; *kind* is that of the button that does.
export function ask(title, detail, label, kind = 'danger') {
  return new Promise((answer) => {
    let said = false;
    const end = (value) => () => {
      said = value;
      dialog.close();
    };
    const dialog = openDialog(
      title,
      h('p', { text: detail }),
      h('footer', {}, h('button', { type: 'button', class: 'plain', text: t('cancel'), onclick: end(false), autofocus: true }), h('button', { type: 'button', class: kind, text: label, onclick: end(true) })),
    );
    dialog.addEventListener('close', () => answer(said));
  });
}

/// A menu of buttons below *opener*.
export function openMenu(opener, entries) {
  const menu = h('div', { class: 'menu', role: 'menu' });
  const close = () => {
    removeEventListener('pointerdown', outside, true);
    menu.remove();
    opener.setAttribute('aria-expanded', 'false');
  };
  /// What it was opened with may have been drawn anew.
  const back = () => (opener.isConnected ? opener : [...document.querySelectorAll('button')].find((each) => each.getAttribute('aria-label') === opener.getAttribute('aria-label')))?.focus();
  const outside = (event) => menu.contains(event.target) || close();
  for (const [label, action, kind] of entries)
    menu.append(
      h('button', {
        type: 'button',
        role: 'menuitem',
        class: kind,
        text: label,
        onclick: () => {
          close();
          back();
          action();
        },
      }),
    );
  menu.addEventListener('keydown', (event) => {
    const buttons = [...menu.children];
    const at = buttons.indexOf(document.activeElement);
    if (event.key === 'Escape' || event.key === 'Tab') {
      close();
      back();
      event.stopPropagation();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      buttons[(at + (event.key === 'ArrowDown' ? 1 : buttons.length - 1)) % buttons.length].focus();
      event.preventDefault();
    }
  });
  const { left, bottom, top } = opener.getBoundingClientRect();
  document.body.append(menu);
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${bottom + menu.offsetHeight > innerHeight ? Math.max(8, top - menu.offsetHeight) : bottom}px`;
  opener.setAttribute('aria-expanded', 'true');
  addEventListener('pointerdown', outside, true);
  menu.firstChild.focus();
}
