// The conversations that the tab has open, and versions of one.

import { Chat } from './chat.js';
import { randomName } from './dom.js';
import { setPending } from './keep.js';
import { familyOf, forgetTitle, versionMark, versionOf } from './names.js';

const mostChats = 24;

/// What *messages* are compared by: whether two versions say the same.
const sameWords = (a, b) => a.role === b.role && a.text === b.text && a.calls.length === b.calls.length;

const chats = new Map();

/// Forgets those that nekod has whole, the least recently used first, if there are many.
function makeRoom() {
  for (const [name, each] of chats) {
    if (chats.size <= mostChats) return;
    const safe = each.history === 'whole' && each.info?.conversation && !each.running && !each.differs;
    if (safe && each.messages.every((message) => !message.unsaid && message.state !== 'failed')) chats.delete(name);
  }
}

/// The conversation of that name; it is loaded when it is first asked for.
export function chat(name) {
  const known = chats.get(name) ?? new Chat(name);
  const isNew = chats.delete(name) === false;
  makeRoom();
  chats.set(name, known);
  if (isNew) known.load();
  return known;
}

/// A conversation that does not exist yet.
export function beginChat(name = `chat-${randomName()}`) {
  const result = new Chat(name);
  chats.set(name, result);
  return result;
}

export const openChats = () => [...chats.values()];
export function closeChat(name) {
  chats.get(name)?.stop();
  chats.delete(name);
  setPending(name, undefined);
  forgetTitle(name);
}

/// A new version of *of*: the same up to the message *at*, a user's, which is said as *text* instead.
export function branch(of, at, text, images, names) {
  const family = familyOf(of.name);
  const versions = [...names, ...chats.keys()].filter((name) => familyOf(name) === family).map(versionOf);
  const result = beginChat(`${family}${versionMark}${Math.max(1, ...versions) + 1}`);
  result.messages = of.messages.slice(0, at).filter((each) => !each.unsaid && each.state !== 'failed').map((each) => ({ ...each }));
  result.differs = result.messages.length > 0;
  result.send(text, images);
  return result;
}

/// The versions of the conversation *of* that say something else at the message *at*, its own among them: their
/// names, in order. Others with the same message there are left out.
export function versionsAt(of, at, all) {
  const same = all.filter((each) => each.messages.length > at && of.messages.slice(0, at).every((message, i) => sameWords(message, each.messages[i])));
  const distinct = [];
  for (const each of [of, ...same.filter((other) => other !== of)])
    if (!distinct.some((other) => sameWords(other.messages[at], each.messages[at]))) distinct.push(each);
  return distinct.sort((a, b) => versionOf(a.name) - versionOf(b.name)).map((each) => each.name);
}
