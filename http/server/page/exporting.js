// Conversations as files: Markdown for people, JSON for programs and for `importing.js`.

import { h } from './dom.js';
import './files_text.js';
import { titleFor } from './names.js';
import { notice } from './notice.js';
import { number, t } from './text.js';

/// Hands *text* to the visitor as a file.
function saveFile(name, type, text) {
  const link = h('a', { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const exportName = (name, ending) => `${name.replace(/[^\w.-]+/g, '_')}.${ending}`;

/// A conversation and what it says, for people.
function markdownOf(title, messages) {
  const names = { user: t('you'), assistant: t('assistant'), system: t('system'), tool: t('tool') };
  const quote = (text) => text.split('\n').map((line) => `> ${line}`).join('\n');
  const fence = (text) => {
    const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map((m) => m[0].length));
    const mark = '`'.repeat(longest + 1);
    return `${mark}json\n${text}\n${mark}`;
  };
  const parts = messages.map((message) => {
    const said = [`## ${names[message.role] ?? message.role}`];
    if (message.reasoning) said.push(quote(message.reasoning));
    if (message.text) said.push(message.text);
    for (const each of message.images ?? []) said.push(`![${t('picture')}](${each})`);
    for (const each of message.calls ?? []) {
      said.push(`**${t('call', each.name)}**`, fence(each.arguments));
      if (each.result !== undefined) said.push(fence(each.result));
    }
    return said.join('\n\n');
  });
  return `# ${title}\n\n${parts.join('\n\n')}\n`;
}

const plain = ({ role, text, images, reasoning, calls, model, upstream }) => ({ role, text, ...(images?.length && { images }), ...(reasoning && { reasoning }), ...(calls?.length && { calls }), ...(model && { model }), ...(upstream && { upstream }) });

/// The same for programs.
const jsonOf = (info, messages) => ({ session: info, messages: messages.filter((each) => !each.unsaid).map(plain) });

/// Saves the version in view, or else the newest of *versions*, as `md` or `json`.
export async function exportOne(list, versions, form) {
  const latest = versions.find((each) => each.id === list.current()) ?? versions.at(-1);
  const messages = await list.messages(latest);
  if (!messages) {
    notice(t('earlierMissing'));
    return;
  }
  const title = titleFor(latest.id) ?? latest.id;
  if (form === 'md') saveFile(exportName(latest.id, 'md'), 'text/markdown', markdownOf(title, messages));
  else saveFile(exportName(latest.id, 'json'), 'application/json', JSON.stringify(jsonOf(latest, messages), null, 2));
}

/// Saves all sessions of *list*.
export async function exportAll(list) {
  const all = [];
  for (const [i, info] of list.sessions.entries()) {
    notice(t('exporting', number(i + 1), number(list.sessions.length)));
    const messages = await list.messages(info).catch(() => undefined);
    all.push(messages ? jsonOf(info, messages) : { session: info, messages: null });
  }
  saveFile('conversations.json', 'application/json', JSON.stringify({ conversations: all }, null, 2));
}
