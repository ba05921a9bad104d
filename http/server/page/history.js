// The messages of a conversation that nekod keeps, by `GET /v1/conversations/{id}/items`. The rest of the page knows
// messages only in this form:
//
//   { role, text, images, reasoning, calls: [{ id, name, arguments, result }] }

import { ApiError, get } from './api.js';

const pageSize = 100;

function partsOf(content) {
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);
  const text = parts.map((part) => part.text ?? part.refusal ?? '').join('');
  const images = parts.map((part) => part.image_url?.url ?? part.image_url).filter((url) => typeof url === 'string');
  return { text, images };
}

/// Adds *item*, of the Responses API, to *messages*.
export function addItem(messages, item) {
  const answer = () => {
    if (messages.at(-1)?.role !== 'assistant') messages.push({ role: 'assistant', text: '', images: [], calls: [] });
    return messages.at(-1);
  };
  switch (item.type ?? 'message') {
    case 'message': {
      const { text, images } = partsOf(item.content);
      const last = messages.at(-1);
      if (item.role === 'assistant' && last?.role === 'assistant' && !last.text) last.text = text;
      else messages.push({ id: item.id, role: item.role === 'developer' ? 'system' : item.role, text, images, calls: [] });
      break;
    }
    case 'reasoning':
      messages.push({ role: 'assistant', text: '', images: [], calls: [], reasoning: [...(item.content ?? []), ...(item.summary ?? [])].map((part) => part.text).join('\n') });
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
      else messages.push({ role: 'tool', text, images: [], calls: [], call: item.call_id });
      break;
    }
    default:
      break;
  }
}

/// The messages of the session *info*, an entry of `GET /sessions`; undefined if this nekod does not give them out.
export async function messagesOf(info, signal) {
  if (!info?.conversation) return undefined;
  const messages = [];
  // Before its first answer there is nothing.
  if (info.turns === 0) return messages;
  try {
    for (let after = ''; ; ) {
      const query = new URLSearchParams({ limit: pageSize, order: 'asc', ...(after && { after }) });
      const page = await get(`v1/conversations/${encodeURIComponent(info.conversation)}/items?${query}`, { signal });
      for (const item of page.data) addItem(messages, item);
      if (!page.has_more || !page.last_id || page.last_id === after) return messages;
      after = page.last_id;
    }
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 405)) return undefined;
    throw error;
  }
}

/// The first words of the session *info*; undefined if they cannot be known.
export async function titleOf(info, signal) {
  if (!info.conversation || info.turns === 0) return undefined;
  try {
    const page = await get(`v1/conversations/${encodeURIComponent(info.conversation)}/items?limit=3&order=asc`, { signal });
    const messages = [];
    for (const item of page.data) addItem(messages, item);
    return titleIn(messages);
  } catch {
    return undefined;
  }
}

export function titleIn(messages) {
  const text = messages.find((message) => message.role === 'user')?.text.trim().replace(/\s+/g, ' ');
  return text ? [...text.slice(0, 160)].slice(0, 80).join('') : undefined;
}
