#include "actors/session/session.hpp"

#include <utility>

/// A session's requests that are sent again: whoever sends one reads the answer of the first.
namespace nekod {

/// Whether the request of *t* runs, waits or was just answered, so that the upstream is not to be
/// asked again; then *reply* gets that answer.
bool session_state::join(const turn& t, const reply_actor& reply) {
  return join_running(t, reply) || join_waiting(t, reply) || replay(t, reply);
}

bool session_state::join_running(const turn& t, const reply_actor& reply) {
  if (!running_ || running_->what.identity != t.identity)
    return false;
  if (phase_ == phase::settling)
    return replay(t, reply);
  if (!answer_ || !answer_->repeatable())
    return false;
  if (is_one_too_many(running_->readers, reply))
    return true;
  self_->monitor(reply);
  repeat_to(reply, t, running_->what.match, answer_);
  running_->readers.add(reply);
  options_.counts->repeats[repeat_outcome::joined].Increment();
  return true;
}

bool session_state::join_waiting(const turn& t, const reply_actor& reply) {
  for (auto& waiting : queue_) {
    if (waiting.what.identity != t.identity)
      continue;
    if (is_one_too_many(waiting.readers, reply))
      return true;
    self_->monitor(reply);
    waiting.readers.add(reply);
    options_.counts->repeats[repeat_outcome::joined].Increment();
    return true;
  }
  return false;
}

/// Refuses *reply* where that turn has as many readers as a session takes turns: each takes memory.
bool session_state::is_one_too_many(const turn_readers& readers, const reply_actor& reply) {
  if (readers.count() <= options_.queue_limit + 1)
    return false;
  refuse(turn_readers{reply}, turn_outcome::refused, busy_session());
  return true;
}

bool session_state::replay(const turn& t, const reply_actor& reply) {
  if (!last_ || last_->identity != t.identity)
    return false;
  auto answer = make_log(last_->known_by);
  answer->append(last_->pieces, 0);
  repeat_to(reply, t, last_->match, answer);
  self_->send(reply, atom::finish_v, last_->end);
  options_.counts->repeats[repeat_outcome::replayed].Increment();
  return true;
}

/// Has *reply* read the first request's answer.
void session_state::repeat_to(const reply_actor& reply, const turn& t, session_match match,
                              const std::shared_ptr<answer_log>& answer) {
  // The client's next turn may come as soon as it has the end.
  tell_registry();
  turn_head head;
  head.what = t;
  head.what.match = match;
  name_answerer(head.what);
  head.replayed = true;
  head.answer = answer;
  begin_reply(std::move(head), reply);
}

/// Has *what* name the upstream and the model that answered the first request, or do so now.
void session_state::name_answerer(turn& what) const {
  const auto runs = running_ && running_->what.identity == what.identity;
  const auto by = runs ? running_->what.answered_by : last_ ? last_->answered_by : std::string{};
  if (by.empty())
    return;
  what.answered_by = by;
  what.model.id = runs ? running_->what.model.id : last_->model;
}

/// What is said anew in the words of a turn that was answered is another turn, which may fail: then
/// its client, which sends it again, is not to be told the answer of before.
void session_state::forget_answer_of(const turn& t) {
  if (last_ && last_->identity == t.identity)
    forget_answer();
}

void session_state::forget_answer() {
  if (last_ && last_->lasting)
    stored_answer_ = stored_answer::outdated;
  last_.reset();
}

/// Of what came while the record was being read, that which the record has the answer of.
void session_state::answer_repeated() {
  for (auto& t : std::exchange(queue_, {})) {
    if (!t.what.request->retries.may_repeat())
      forget_answer_of(t.what);
    if (last_ && last_->identity == t.what.identity)
      t.readers.for_each([&](const reply_actor& reply) { replay(t.what, reply); });
    else if (!belongs(t.what))
      refuse(t.readers, turn_outcome::refused, busy_session());
    else
      queue_.push_back(std::move(t));
  }
}

/// The running turn was answered, with that end.
void session_state::remember_answer(const openai::answer_end& end) {
  const auto& what = running_->what;
  const auto& retries = what.request->retries;
  const auto found = what.match == session_match::explicit_id || what.digests.tell_history();
  const auto is_short = answer_->size() + end.rest.text.size() < longest_answer;
  answered_turn answered;
  answered.lasting = is_short && (!retries.key.empty() || (retries.count && found));
  if (!answered.lasting)
    forget_answer();
  last_.reset();
  if (!is_short)
    return;
  answered.identity = what.identity;
  answered.match = what.match;
  answered.known_by = answer_->identity();
  answered.pieces = answer_->pieces();
  answered.end = end;
  answered.answered_by = what.answered_by;
  answered.model = what.model.id;
  last_ = std::move(answered);
}

/// The identity of the turn that is found by it alone: the one that runs, or was answered last.
std::string session_state::repeatable() const {
  auto found = [](session_match m) { return m != session_match::explicit_id; };
  if (running_)
    return found(running_->what.match) ? running_->what.identity : std::string{};
  return last_ && found(last_->match) ? last_->identity : std::string{};
}

/// Whether a turn is one of this conversation, which it may not be where it came for an answer that
/// is not here.
bool session_state::belongs(turn& t) {
  if (t.match == session_match::repeated && !may_take(t))
    return false;
  options_.counts->session_matched(name_of(t.match));
  return true;
}

/// Whether a turn that came for the answer of an earlier one, which failed meanwhile, can be asked
/// here in its place.
bool session_state::may_take(turn& t) const {
  const auto& known = tip();
  if (!known || t.digests.before != *known)
    return false;
  t.match = known->empty() ? session_match::fresh : session_match::transcript;
  return true;
}

} // namespace nekod
