#include "actors/session/session_turns.hpp"

#include "actors/runtime/ids.hpp"
#include "actors/runtime/unix_time.hpp"

#include <chrono>
#include <utility>

namespace nekod {

session_turns::session_turns(const session_options& options, const session_standing& standing,
                             session_replies& replies, last_answer& last,
                             std::function<void()> before_repeat)
    : options_(options),
      standing_(standing),
      replies_(replies),
      last_(last),
      before_repeat_(std::move(before_repeat)),
      queue_(options.queue_limit) {}

// -- new turns and retries -----------------------------------------------------------------------

bool session_turns::repeat(const turn& t, const reply_actor& reply) {
  return join_running(t, reply) || join_waiting(t, reply) || replay_last(t, reply);
}

bool session_turns::join_running(const turn& t, const reply_actor& reply) {
  if (!running_ || running_->what.identity != t.identity)
    return false;
  if (standing_.phase() == session_phase::settling)
    return replay_last(t, reply);
  if (!running_->answer || !running_->answer->repeatable())
    return false;
  if (add_reader(running_->readers, reply))
    begin_repeat(reply, t, running_->what.match, running_->answer);
  return true;
}

bool session_turns::join_waiting(const turn& t, const reply_actor& reply) {
  auto* waiting = queue_.find(t.identity);
  if (waiting)
    add_reader(waiting->readers, reply);
  return waiting != nullptr;
}

/// Adds one more reader to a turn; refuses it if the turn has as many as a session takes turns,
/// since each takes memory.
/// @returns whether it was added.
bool session_turns::add_reader(turn_readers& readers, const reply_actor& reply) {
  if (readers.count() > options_.queue_limit + 1) {
    replies_.fail_counted(turn_readers{reply}, turn_outcome::refused, busy_session());
    return false;
  }
  replies_.watch(reply);
  readers.add(reply);
  options_.counts->repeats[repeat_outcome::joined].Increment();
  return true;
}

bool session_turns::replay_last(const turn& t, const reply_actor& reply) {
  const auto* answered = last_.find(t.identity);
  if (!answered)
    return false;
  begin_repeat(reply, t, answered->match, replay(*answered, options_.home, options_.credit_step));
  replies_.finish(turn_readers{reply}, answered->end);
  options_.counts->repeats[repeat_outcome::replayed].Increment();
  return true;
}

/// Tells *reply* to read the answer of the first request, which found the session by *match*.
void session_turns::begin_repeat(const reply_actor& reply, const turn& t, session_match match,
                                 const std::shared_ptr<answer_log>& answer) {
  before_repeat_();
  turn_head head;
  head.what = t;
  head.what.match = match;
  if (auto [upstream, model] = answer->answerer(); !upstream.empty()) {
    head.what.answered_by = std::move(upstream);
    head.what.model.id = std::move(model);
  }
  head.session_id = options_.id;
  head.replayed = true;
  head.answer = answer;
  replies_.begin(reply, std::move(head));
}

bool session_turns::settle_match(turn& t, const conversation_tip& tip) const {
  if (t.request->retries.resume_after)
    return false; // The answer that it came for is not here.
  if (t.match == session_match::repeated && t.left_out)
    t.match = session_match::predecessor;
  if (t.match == session_match::repeated) {
    if (!tip.is_told_by(t.digests.before))
      return false;
    t.match = tip.is_known() ? session_match::transcript : session_match::fresh;
  }
  if (t.match == session_match::predecessor && !t.left_out &&
      standing_.info().newest_response != t.follows->response)
    return false;  // One that left out its history belongs here until its session has looked.
  if (!t.left_out) // Else it is not sure yet that it continues here.
    options_.counts->session_matched(name_of(t.match));
  return true;
}

bool session_turns::add(turn t, reply_actor reply) {
  if (!queue_.has_room(running_.has_value())) {
    replies_.fail_counted(turn_readers{std::move(reply)}, turn_outcome::refused, busy_session());
    return false;
  }
  replies_.watch(reply);
  queue_.push({std::move(t), turn_readers{std::move(reply)}});
  return true;
}

void session_turns::sort_waiting(const conversation_tip& tip) {
  for (auto& t : queue_.take_all()) {
    if (!t.what.request->retries.may_repeat())
      last_.forget(t.what.identity);
    if (last_.find(t.what.identity))
      t.readers.for_each([&](const reply_actor& reply) { replay_last(t.what, reply); });
    else if (!settle_match(t.what, tip))
      replies_.fail_counted(t.readers, turn_outcome::refused, refusal_of_foreign(*t.what.request));
    else
      queue_.push(std::move(t));
  }
}

// -- the running turn ----------------------------------------------------------------------------

bool session_turns::run_next() {
  auto next = queue_.pop();
  if (next)
    running_.emplace(std::move(*next));
  return next.has_value();
}

const std::shared_ptr<answer_log>& session_turns::begin_answer() {
  const auto& known_by = running_->what.known_by;
  auto identity = known_by ? *known_by : answer_identity{make_id({}), unix_time()};
  running_->answer =
      std::make_shared<answer_log>(std::move(identity), options_.home, options_.credit_step);
  if (running_->what.keeper)
    running_->answer->keep();
  turn_head head;
  head.what = running_->what;
  head.session_id = options_.id;
  head.answer = running_->answer;
  running_->readers.for_each([&](const reply_actor& reply) { replies_.begin(reply, head); });
  return running_->answer;
}

std::string session_turns::identity() const {
  const auto found_by_it = [](session_match m) { return m != session_match::explicit_id; };
  if (running_)
    return found_by_it(running_->what.match) ? running_->what.identity : std::string{};
  const auto& last = last_.kept();
  return last && found_by_it(last->match) ? last->identity : std::string{};
}

// -- replies that end ----------------------------------------------------------------------------

bool session_turns::remove_reader(const caf::actor_addr& reply) {
  if (running_ && running_->readers.remove(reply)) {
    if (running_->answer)
      running_->answer->remove_reader(reply.id());
    return running_->readers.empty();
  }
  const auto dropped = queue_.remove_reader(reply);
  options_.counts->turns[turn_outcome::cancelled].Increment(static_cast<double>(dropped));
  return false;
}

void session_turns::fail_all(const chat::failure& reason) {
  if (running_ && standing_.phase() == session_phase::answering)
    replies_.fail_counted(running_->readers, turn_outcome::failed, reason, running_->weight);
  // One that is being committed is counted by what comes of that. One that is being settled is
  // over.
  if (running_ && standing_.phase() == session_phase::committing)
    replies_.fail(running_->readers, reason);
  for (const auto& t : queue_.take_all())
    replies_.fail_counted(t.readers, turn_outcome::failed, reason);
}

} // namespace nekod
