#include "actors/session/session_turns.hpp"

#include "actors/runtime/ids.hpp"
#include "actors/runtime/unix_time.hpp"

#include <chrono>
#include <utility>

namespace nekod {

namespace {

/// Whether equal identities are enough to tell that a request was sent before: it has a key, or its
/// client named the session. The words alone may be those of another client, too.
bool is_certain(const turn& t) { return !t.request->retries.key.empty() || !t.name.empty(); }

/// Whether the request was sent again after the one with *count*, which then has its count: of
/// several clients that said the same, one goes on from there.
bool counts_on(const turn& t, std::optional<unsigned>& count) {
  const auto own = t.request->retries.count;
  if (!own || !count || *own <= *count)
    return false;
  count = own;
  return true;
}

} // namespace

session_turns::session_turns(const session_options& options, const session_status& status,
                             session_replies& replies, last_answer& last,
                             std::function<void()> before_repeat)
    : options_(options),
      status_(status),
      replies_(replies),
      last_(last),
      before_repeat_(std::move(before_repeat)),
      queue_(options.queue_limit) {}

// -- new turns and retries -----------------------------------------------------------------------

repetition session_turns::repeat(const turn& t, const reply_actor& reply) {
  auto result = join_running(t, reply);
  if (result == repetition::none)
    result = join_waiting(t, reply);
  return result == repetition::none ? replay_last(t, reply) : result;
}

repetition session_turns::join_running(const turn& t, const reply_actor& reply) {
  if (!running_ || running_->what.identity != t.identity)
    return repetition::none;
  if (status_.phase() == session_phase::settling)
    return replay_last(t, reply);
  const auto has_left = running_->readers.empty();
  if (!is_certain(t) && (!has_left || !counts_on(t, running_->count)))
    return repetition::of_another;
  if (!running_->answer || !running_->answer->repeatable())
    return repetition::none;
  if (add_reader(running_->readers, reply))
    begin_repeat(reply, t, running_->what.match, running_->answer);
  return repetition::given;
}

repetition session_turns::join_waiting(const turn& t, const reply_actor& reply) {
  auto* waiting = queue_.find(t.identity);
  if (!waiting)
    return repetition::none;
  if (!is_certain(t))
    return repetition::of_another; // Its client waits.
  add_reader(waiting->readers, reply);
  return repetition::given;
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

repetition session_turns::replay_last(const turn& t, const reply_actor& reply) {
  const auto* answered = last_.find(t.identity);
  if (!answered)
    return repetition::none;
  if (!is_certain(t) && !counts_on(t, last_.count()))
    return repetition::of_another;
  begin_repeat(reply, t, answered->match, replay(*answered, options_.home, options_.credit_step));
  replies_.finish(turn_readers{reply}, answered->end);
  options_.counts->repeats[repeat_outcome::replayed].Increment();
  return repetition::given;
}

/// Tells *reply* to read the answer of the first request, which found the session by *match*.
void session_turns::begin_repeat(const reply_actor& reply, const turn& t, session_match match,
                                 const std::shared_ptr<answer_log>& answer) {
  before_repeat_();
  auto head = head_of(t, options_.id);
  head.match = match;
  if (auto [upstream, model] = answer->answerer(); !upstream.empty()) {
    head.upstream = std::move(upstream);
    head.model = std::move(model);
  }
  head.replayed = true;
  head.answer = answer;
  replies_.begin(reply, std::move(head));
}

bool session_turns::decide_match(turn& t, const conversation_tip& tip) const {
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
      status_.info().newest_response != t.follows->response)
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

std::vector<asked_turn> session_turns::sort_waiting(const conversation_tip& tip) {
  std::vector<asked_turn> of_others;
  for (auto& t : queue_.take_all()) {
    if (!t.what.request->retries.may_repeat())
      last_.forget(t.what.identity);
    const auto what = last_.find(t.what.identity) ? replay_all(t) : repetition::none;
    if (what == repetition::of_another)
      of_others.push_back(std::move(t));
    else if (what == repetition::given)
      continue;
    else if (!decide_match(t.what, tip))
      replies_.fail_counted(t.readers, turn_outcome::refused, refusal_of_foreign(*t.what.request));
    else
      queue_.push(std::move(t));
  }
  return of_others;
}

/// Replays the last answer to all replies of *t*.
repetition session_turns::replay_all(const asked_turn& t) {
  auto result = repetition::none;
  t.readers.for_each([&](const reply_actor& reply) { result = replay_last(t.what, reply); });
  return result;
}

// -- the running turn ----------------------------------------------------------------------------

bool session_turns::run_next() {
  auto next = queue_.pop();
  if (next)
    running_.emplace(std::move(*next));
  return next.has_value();
}

const std::shared_ptr<answer_log>& session_turns::begin_answer() {
  const auto& answer_id = running_->what.answer_id;
  auto identity = answer_id ? *answer_id : answer_identity{make_id({}), unix_time()};
  running_->answer =
      std::make_shared<answer_log>(std::move(identity), options_.home, options_.credit_step);
  if (running_->what.recorder)
    running_->answer->keep();
  auto head = head_of(running_->what, options_.id);
  head.answer = running_->answer;
  running_->readers.for_each([&](const reply_actor& reply) { replies_.begin(reply, head); });
  return running_->answer;
}

std::string session_turns::identity() const {
  const auto found_by_it = [](session_match m) { return m != session_match::explicit_id; };
  if (running_)
    return found_by_it(running_->what.match) ? running_->what.identity : std::string{};
  const auto& last = last_.last();
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
  if (running_ && status_.phase() == session_phase::answering)
    replies_.fail_counted(running_->readers, turn_outcome::failed, reason, running_->weight);
  // One that is being committed is counted by what comes of that. One that is being settled is
  // over.
  if (running_ && status_.phase() == session_phase::committing)
    replies_.fail(running_->readers, reason);
  for (const auto& t : queue_.take_all())
    replies_.fail_counted(t.readers, turn_outcome::failed, reason);
}

} // namespace nekod
