// The title of a conversation, which nekod keeps as `title` in the metadata of its versions.

import { call, get } from './api.js';
import { openDialog } from './dialog.js';
import { h } from './dom.js';
import './files_text.js';
import { firstWordsOf } from './history.js';
import { forgetTitle, setTitle, titleFor } from './names.js';
import { notice } from './notice.js';
import './settings_text.js';
import { t } from './text.js';

/// An answer ends within that time, in seconds.
const patience = 3600;
/// The titles that are to be stored, by conversation: the last counts.
const wanted = new Map();

const pause = (time) => new Promise((wake) => setTimeout(wake, time));

/// Gives *conversation* the title, or takes it away; while an answer runs in it, nekod changes nothing.
async function store(conversation, title) {
  const path = `v1/conversations/${encodeURIComponent(conversation)}`;
  wanted.set(conversation, title);
  for (let tries = patience; wanted.get(conversation) === title; tries -= 1) {
    try {
      const { title: _, ...others } = (await get(path)).metadata ?? {};
      await call('POST', path, { body: { metadata: { ...others, ...(title && { title }) } } });
      return;
    } catch (error) {
      if (error.code !== 'conversation_locked' || tries === 0) throw error;
      await pause(1000);
    }
  }
}

/// The conversation of a version: the list may have been read before it was begun. Nothing if there is none.
const conversationOf = async ({ id, conversation }) =>
  conversation ?? (await get(`sessions/${encodeURIComponent(id)}`).catch(() => undefined))?.conversation;

/// Asks for the title of *family* in *list*, and gives it to all of its *versions*.
export function rename(list, family, versions) {
  const input = h('input', { type: 'text', maxlength: '200', value: titleFor(family) ?? '', dir: 'auto', autocomplete: 'off' });
  const submit = async (event) => {
    event.preventDefault();
    const title = input.value.trim();
    dialog.close();
    const show = (words) => {
      if (!title) forgetTitle(family);
      setTitle(family, words, Boolean(title));
      list.changed();
    };
    if (title) show(title);
    const stored = (await Promise.all(versions.map(conversationOf))).filter(Boolean);
    // Without words the list would ask nekod, which still has the title.
    if (!title) show(stored.length && (await firstWordsOf({ conversation: stored[0] })));
    try {
      for (const conversation of stored) await store(conversation, title);
    } catch (error) {
      notice(error.message);
    }
  };
  const form = h(
    'form',
    { onsubmit: submit },
    h('label', { class: 'field' }, h('span', { text: t('renameTitle') }), input, h('small', { text: t('renameHint') })),
    h('footer', {}, h('button', { type: 'button', class: 'plain', text: t('cancel'), onclick: () => dialog.close() }), h('button', { type: 'submit', class: 'primary', text: t('save') })),
  );
  const dialog = openDialog(t('rename').replace('…', ''), form);
  input.select();
}
