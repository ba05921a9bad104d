// What becomes of a request that had no answer when the page was left; loaded if there is one.

import { ApiError } from './api.js';
import { fail, leave } from './ending.js';
import { endWith, messagesIn, newMessage } from './history.js';
import { pending, setPending } from './keep.js';

/// Whether *request* of *chat* has been answered meanwhile; *same* says that an answer to the same words is there.
function isOver(chat, request, same) {
  if (request.stopped && endWith(chat.messages, request.shown, request.partly)) return true;
  return request.id ? chat.isAnswered(request.id) : same && Date.now() - request.at > 60_000;
}

/// Goes on with the request that the browser keeps of *chat*, if there is one.
export async function resume(chat) {
  const request = pending(chat.name);
  if (!request || chat.running) return;
  const said = request.shown;
  const same = chat.messages.at(-1)?.role === 'assistant' && chat.messages.at(-2)?.text === said.text;
  if (await isOver(chat, request, same)) {
    setPending(chat.name, undefined);
    return;
  }
  if (!request.id && same) chat.messages.splice(-2);
  if (request.whole) chat.messages = messagesIn(request.items.slice(0, -1)).filter((each) => each.role !== 'system');
  chat.differs ||= request.whole;
  const user = newMessage('user', said.text, { images: said.images ?? [] });
  const answer = newMessage('assistant', '', { state: 'waiting', ...request.partly });
  chat.messages.push(user, answer);
  chat.changed('all');
  if (request.stopped) leave(chat, user, answer);
  else if (request.failed) fail(chat, answer, new ApiError(request.failed.message, request.failed));
  else chat.run(answer, request);
}
