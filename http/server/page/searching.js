// The search in what was said: nekod has none, so the messages of all conversations are read.

import './files_text.js';
import { notice } from './notice.js';
import { number, t } from './text.js';

/// Looks for the words in the search of *list*, from the latest conversation on; those found are its `hits`.
export async function searchTexts(list) {
  const words = list.words();
  list.searchedFor = words;
  list.searching = new AbortController();
  const { signal } = list.searching;
  const all = list.families();
  for (const [i, { family, versions }] of all.entries()) {
    if (i % 20 === 0) notice(t('searching', number(i), number(all.length)));
    for (const info of versions) {
      const messages = await list.messages(info, signal).catch(() => undefined);
      if (signal.aborted) return;
      if (messages?.some(({ text }) => text.toLowerCase().includes(words))) {
        list.hits.add(family);
        list.draw();
        break;
      }
    }
  }
  list.searching = undefined;
  notice(t('found', number(list.hits.size)));
  list.draw();
}
