// The messages of a conversation that nekod keeps, by `GET /v1/conversations/{id}/items`. The rest of the page knows
// messages only in this form:
//
//   { role, text, images, reasoning, calls: [{ id, name, arguments, result }] }

import { ApiError, call, get } from './api.js';
import { itemsOf } from './turn.js';

const pageSize = 100;
/// As many as one request may add.
const mostItems = 20;

function partsOf(content) {
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);
  const text = parts.map((part) => part.text ?? part.refusal ?? '').join('');
  const images = parts.map((part) => part.image_url?.url ?? part.image_url).filter((url) => typeof url === 'string');
  return { text, images };
}

export const newMessage = (role, text, fields) => ({ role, text, images: [], calls: [], ...fields });

/// Adds *item*, of the Responses API, to *messages*.
export function addItem(messages, item) {
  const answer = () => {
    if (messages.at(-1)?.role !== 'assistant') messages.push(newMessage('assistant', '', { id: item.id }));
    return messages.at(-1);
  };
  switch (item.type ?? 'message') {
    case 'message': {
      const { text, images } = partsOf(item.content);
      const last = messages.at(-1);
      if (item.role === 'assistant' && last?.role === 'assistant' && !last.text) Object.assign(last, { id: item.id, text });
      else messages.push(newMessage(item.role === 'developer' ? 'system' : item.role, text, { id: item.id, images }));
      break;
    }
    case 'reasoning':
      messages.push(newMessage('assistant', '', { id: item.id, reasoning: [...(item.content ?? []), ...(item.summary ?? [])].map((part) => part.text).join('\n') }));
      break;
    case 'function_call':
    case 'custom_tool_call':
      answer().calls.push({ id: item.call_id, name: item.name, arguments: item.arguments ?? item.input ?? '' });
      break;
    case 'function_call_output':
    case 'custom_tool_call_output': {
      const call = messages.flatMap((message) => message.calls ?? []).findLast((each) => each.id === item.call_id);
      const text = typeof item.output === 'string' ? item.output : partsOf(item.output).text;
      if (call) call.result = text;
      else messages.push(newMessage('tool', text, { call: item.call_id }));
      break;
    }
    default:
      break;
  }
}

/// The messages that *items* tell.
export function messagesIn(items) {
  const messages = [];
  for (const item of items) addItem(messages, item);
  return messages;
}

/// The messages of the session *info*, an entry of `GET /sessions`; undefined if this nekod does not give them out.
export async function messagesOf(info, signal) {
  if (!info?.conversation) return undefined;
  const messages = [];
  // Before its first answer there is nothing, unless it was stopped or imported.
  if (info.turns === 0 && info.state === 'answering') return messages;
  try {
    for (let after = ''; ; ) {
      const query = new URLSearchParams({ limit: pageSize, order: 'asc', ...(after && { after }) });
      const page = await get(`v1/conversations/${encodeURIComponent(info.conversation)}/items?${query}`, { signal });
      for (const item of page.data) addItem(messages, item);
      if (!page.has_more || !page.last_id || page.last_id === after) return messages;
      after = page.last_id;
    }
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 405)) return info.turns === 0 ? messages : undefined;
    throw error;
  }
}

/// The newest messages of the session *info*; none if they cannot be known.
async function newestOf(info) {
  const path = `v1/conversations/${encodeURIComponent(info.conversation)}/items?limit=10&order=desc`;
  const page = await get(path).catch(() => ({ data: [] }));
  return messagesIn(page.data.reverse());
}

/// What the response *id* answers: a message of a user; undefined if it cannot be known.
export async function inputOf(id) {
  try {
    const { data } = await get(`v1/responses/${id}/input_items?limit=100&order=asc`);
    return messagesIn(data).findLast((each) => each.role === 'user');
  } catch {
    return undefined;
  }
}

/// Whether *messages* end with *user* and with what there is of *answer*, or more of it.
export function endWith(messages, user, answer) {
  const [said, last] = messages.slice(-2);
  return last?.role === 'assistant' && said.text === user.text && (answer.text.startsWith(last.text) || last.text.startsWith(answer.text));
}

/// Adds *items* to a conversation; it must rest.
export async function addItems(conversation, items) {
  const path = `v1/conversations/${encodeURIComponent(conversation)}/items`;
  for (let at = 0; at < items.length; at += mostItems) await call('POST', path, { body: { items: items.slice(at, at + mostItems) } });
}

/// What nekod knows of the session at *path*, once no turn runs in it.
async function resting(path) {
  for (let tries = 20; ; tries -= 1) {
    const info = await get(path);
    if (info.state === 'idle' || info.state === 'stored' || tries === 0) return info;
    await new Promise((wake) => setTimeout(wake, 200));
  }
}

/// Makes sure that the session at *path* has *user* and *answer*, which was stopped; answers whether it has.
export async function hold(path, user, answer) {
  try {
    const info = await resting(path);
    // An upstream that keeps its conversations has heard them.
    if (!endWith(await newestOf(info), user, answer)) await addItems(info.conversation, [user, answer].flatMap(itemsOf));
    return true;
  } catch {
    return false;
  }
}

/// The title that a visitor gave the session *info*, if one did.
export async function givenTitleOf(info) {
  if (!info?.conversation) return undefined;
  const { metadata } = await get(`v1/conversations/${encodeURIComponent(info.conversation)}`).catch(() => ({}));
  return metadata?.title;
}

/// The first words of the session *info*; undefined if they cannot be known.
export async function firstWordsOf(info) {
  const page = await get(`v1/conversations/${encodeURIComponent(info.conversation)}/items?limit=3&order=asc`).catch(() => undefined);
  return page && titleIn(messagesIn(page.data));
}

export function titleIn(messages) {
  const text = messages.find((message) => message.role === 'user')?.text.trim().replace(/\s+/g, ' ');
  return text ? [...text.slice(0, 160)].slice(0, 80).join('') : undefined;
}
