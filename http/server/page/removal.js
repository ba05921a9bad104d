// Deleting conversations of the list.

import { call } from './api.js';
import { closeChat, openChats } from './chats.js';
import { ask, openDialog } from './dialog.js';
import { byTouch, h } from './dom.js';
import './files_text.js';
import { familyOf } from './names.js';
import { notice } from './notice.js';
import './settings_text.js';
import { number, t } from './text.js';

/// Asks, and deletes the conversation *family* with its versions.
export async function remove(list, family, versions) {
  const detail = [versions.length > 1 ? t('removeBranches', versions.length) : '', t('cannotUndo')].join(' ');
  if (!(await ask(t('removeOne'), detail, t('remove')))) return;
  for (const { id } of versions) {
    closeChat(id);
    list.sessions = list.sessions.filter((each) => each.id !== id);
    await call('DELETE', `sessions/${encodeURIComponent(id)}`).catch((error) => error.status === 404 || notice(error.message));
  }
  if (familyOf(list.current()) === family) list.open('');
  await list.load();
  if (document.activeElement === document.body && !byTouch()) list.search.focus();
}

/// Asks which are to be deleted: those that were not used for some days, or all.
export function removeMany(list) {
  const choice = (value, text) => h('label', { class: 'choice' }, h('input', { type: 'radio', name: 'which', value, checked: value === '30' }), text);
  const remove = async () => {
    const which = new FormData(form).get('which');
    dialog.close();
    try {
      const { deleted } = await (await call('DELETE', which === 'all' ? 'sessions?all=true' : `sessions?idle_for=${Number(which) * 86_400}`)).json();
      notice(t('removed', number(deleted)));
    } catch (error) {
      notice(error.message);
    }
    await list.load();
    const left = new Set(list.names());
    for (const chat of openChats()) if (!left.has(chat.name)) closeChat(chat.name);
    if (list.current() && !left.has(list.current())) list.open('');
    list.draw();
  };
  const form = h(
    'form',
    { method: 'dialog' },
    [30, 7, 1].map((days) => choice(String(days), days === 1 ? t('unusedDay') : t('unusedFor', days))),
    choice('all', t('removeAll')),
    h('p', { text: t('cannotUndo') }),
    h('footer', {}, h('button', { type: 'button', class: 'plain', text: t('cancel'), onclick: () => dialog.close() }), h('button', { type: 'button', class: 'danger', text: t('remove'), onclick: remove })),
  );
  const dialog = openDialog(t('removeManyTitle'), form);
}
