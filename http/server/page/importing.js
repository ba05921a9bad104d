// Conversations from files: as this page exports them, as lists of the messages of chats, or as items of the Responses
// API.

import { call } from './api.js';
import './files_text.js';
import { addItems, messagesIn } from './history.js';
import { errorText } from './message.js';
import { notice } from './notice.js';
import { number, t } from './text.js';
import { itemsOf } from './turn.js';

const mostMegabytes = 64;
const mostItems = 20;

const textOf = (content) => (typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join(''));
const picturesOf = (content) => (Array.isArray(content) ? content : []).map((part) => part.image_url?.url ?? part.image_url).filter((url) => typeof url === 'string');

/// A message of an exported conversation, or of a chat.
function messageOf(each) {
  const role = each.role === 'developer' ? 'system' : each.role;
  if (!['user', 'assistant', 'system', 'tool'].includes(role)) throw new Error(`role: ${role}`);
  const calls = each.calls ?? (each.tool_calls ?? []).map((one) => ({ id: one.id, name: one.function?.name ?? '', arguments: one.function?.arguments ?? '' }));
  return { role, text: each.text ?? textOf(each.content), images: each.images ?? picturesOf(each.content), reasoning: each.reasoning ?? each.reasoning_content, calls, call: each.call ?? each.tool_call_id };
}

function conversationIn(value) {
  const list = Array.isArray(value) ? value : (value.messages ?? value.items ?? value.data);
  if (!Array.isArray(list)) return undefined;
  if (!list.some((each) => each.type)) return list.map(messageOf);
  return messagesIn(list);
}

/// The conversations in *value*, the JSON of a file: lists of messages. Throws if there are none.
export function conversationsIn(value) {
  const isList = (each) => Array.isArray(each) || Boolean(each?.messages || each?.items);
  const all = value?.conversations ?? (Array.isArray(value) && value.every(isList) ? value : [value]);
  const found = all.map((each) => each && conversationIn(each)).filter((messages) => messages?.length);
  if (!found.length) throw new Error('messages');
  return found;
}

const toldWithThoughts = (message) => [...(message.reasoning ? [{ type: 'reasoning', summary: [{ type: 'summary_text', text: message.reasoning }] }] : []), ...itemsOf(message)];

/// Makes a conversation of *messages*, and returns its id.
async function make(messages) {
  const items = messages.flatMap(toldWithThoughts);
  const { id } = await (await call('POST', 'v1/conversations', { body: { items: items.slice(0, mostItems) } })).json();
  try {
    await addItems(id, items.slice(mostItems));
  } catch (error) {
    await call('DELETE', `v1/conversations/${id}`).catch(() => {});
    throw error;
  }
  return id;
}

/// Imports *file*. *progress* is told how many of how many are done.
/// @returns the ids of the conversations. Throws if one could not be made, with the ids of the others as `made`.
async function importFile(file, progress) {
  if (file.size > mostMegabytes * 2 ** 20) throw new Error(`> ${mostMegabytes} MB`);
  const found = conversationsIn(JSON.parse(await file.text()));
  const made = [];
  for (const messages of found) {
    progress(made.length + 1, found.length);
    try {
      made.push(await make(messages));
    } catch (error) {
      throw Object.assign(error, { made });
    }
  }
  return made;
}

/// Imports the files that were chosen with *chooser* into *list*, and opens the last conversation.
export async function importFiles(list, chooser) {
  const files = [...chooser.files];
  chooser.value = '';
  const made = [];
  let problem = '';
  for (const file of files) {
    try {
      made.push(...(await importFile(file, (one, all) => notice(t('importing', number(one), number(all))))));
    } catch (error) {
      made.push(...(error.made ?? []));
      problem = t('importFailed', file.name, errorText(error));
    }
  }
  await list.load();
  notice([made.length ? t('imported', number(made.length)) : '', problem].filter(Boolean).join(' '));
  const found = list.sessions.find((each) => each.conversation === made.at(-1));
  if (found) list.open(found.id);
}
