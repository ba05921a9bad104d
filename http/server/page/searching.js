// The search in what was said. nekod looks through some conversations a request, the oldest first.

import { get } from './api.js';
import './files_text.js';
import { familyOf } from './names.js';
import { notice } from './notice.js';
import { number, t } from './text.js';

/// Looks for the words in the search of *list*; those found are its `hits`.
export async function searchTexts(list) {
  const words = list.words();
  list.searchedFor = words;
  list.searching = new AbortController();
  const { signal } = list.searching;
  let read = 0;
  try {
    for (let after = ''; after !== undefined; ) {
      const query = new URLSearchParams({ search: words, ...(after && { after }) });
      const page = await get(`sessions?${query}`, { signal });
      if (signal.aborted) return;
      read += page.searched;
      for (const { id } of page.sessions) list.hits.add(familyOf(id));
      if (page.sessions.length) list.draw();
      if (page.has_more) notice(t('searching', number(read), number(page.total)));
      after = page.next;
    }
    notice(t('found', number(list.hits.size)));
  } catch (error) {
    if (signal.aborted) return;
    list.searchedFor = undefined; // It can be tried again.
    notice(error.message);
  }
  list.searching = undefined;
  list.draw();
}
