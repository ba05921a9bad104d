// How a turn of a conversation ends: answered, stopped here or by another page, failed. What is not nekod's by then is
// kept by the browser.

import { hold } from './history.js';
import { setPending } from './keep.js';

/// How long the page that stopped a turn has to keep what came of it.
const holdElsewhere = 2000;

const pause = (time) => new Promise((wake) => setTimeout(wake, time));
const partOf = ({ text, reasoning }) => ({ text, reasoning });

/// No turn runs in *chat* any more, and *answer* is what came of it.
function end(chat, answer, state) {
  chat.running = undefined;
  answer.state = state;
  chat.changed('end', answer);
}

function rest(chat) {
  chat.lastUse = Date.now();
  if (chat.history === 'new') chat.history = 'whole';
}

export function answered(chat, { answer, request, turn }) {
  Object.assign(answer, turn.shown);
  if (request.model && turn.model && request.model !== turn.model) answer.fallback = turn.model;
  chat.turns += 1;
  chat.stored = true;
  chat.differs = false;
  if (!request.followed) setPending(chat.name, undefined);
  rest(chat);
  end(chat, answer, 'done');
  if (request.followed) chat.look();
}

/// What was said and answered in a turn that was stopped has to be told with the next one.
export function leave(chat, user, answer) {
  if (answer.text) chat.differs = true;
  else answer.unsaid = user.unsaid = true;
  rest(chat);
  end(chat, answer, 'stopped');
}

/// The turn was stopped: what came of it becomes part of the conversation, if it is not so already.
export async function stopped(chat, answer) {
  const { leaving, request, stopping } = chat.running;
  leaving.abort();
  const user = chat.messages.at(chat.messages.indexOf(answer) - 1);
  if (request.followed && !stopping) {
    // What is kept of it is another page's part; it is there in a while.
    chat.turns = -1;
    end(chat, answer, 'stopped');
    chat.watch.later();
    return;
  }
  leave(chat, user, answer);
  setPending(chat.name, { ...request, followed: false, stopped: true, partly: partOf(answer) });
  if (!answer.text || !chat.stored || request.whole) return;
  // Who stopped it keeps what came of it, unless that page has gone.
  chat.holding = (stopping ? Promise.resolve() : pause(holdElsewhere)).then(() => hold(chat.path, user, answer));
  if (!(await chat.holding)) return;
  chat.differs = false;
  setPending(chat.name, undefined);
}

export function fail(chat, answer, error) {
  const { request } = chat.running ?? {};
  answer.error = error;
  answer.followed = request?.followed;
  const user = chat.messages[chat.messages.indexOf(answer) - 1];
  if (user) Object.assign(user, { unsaid: true, followed: answer.followed });
  // Kept, so that a reload does not lose what was typed.
  const { code, message, status } = error;
  if (request && !request.followed) setPending(chat.name, { ...request, failed: { code, message, status, request: error.request }, partly: partOf(answer) });
  end(chat, answer, 'failed');
}
