#include "actors/session/session.hpp"

#include "actors/runtime/ids.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace nekod {

using openai::error_code;

openai::error busy_session() { return openai::retry_soon(error_code::session_busy); }

session_state::session_state(private_session_actor::stateful_pointer<session_state> self)
    : self_(self) {}

session_state::~session_state() {
  if (answer_)
    answer_->on_room(nullptr);
  if (options_.counts)
    options_.counts->sessions[phase_].Decrement();
}

void session_state::enter(phase next) {
  options_.counts->sessions[phase_].Decrement();
  phase_ = next;
  options_.counts->sessions[phase_].Increment();
}

// -- life ----------------------------------------------------------------------------------------

void session_state::start(session_options o) {
  options_ = std::move(o);
  if (options_.max_age.count() > 0)
    options_.idle_time = std::min(options_.idle_time, options_.max_age);
  options_.counts->sessions[phase_].Increment();
  begin_info();
  self_->set_down_handler([this](caf::down_msg& m) { reply_ended(m.source); });
  // An error nobody asked about must not end a conversation.
  self_->set_error_handler([](caf::error&) {});
  self_->set_exit_handler([this](caf::exit_msg& m) {
    // What the upstream has been asked is not to be forgotten with the actor.
    if (phase_ == phase::answering)
      drop_running({});
    fail_all(error_code::overloaded);
    self_->quit(m.reason);
  });
  self_->delayed_send(self_, options_.idle_time, atom::idle_v);
  remember({});
  if (options_.taken)
    take_record(std::move(*options_.taken));
  else
    load();
}

void session_state::begin_info() {
  info_ = openai::session_info{};
  info_.id = options_.id;
  info_.tenant = options_.tenant;
  info_.created_at = recorded_now();
  info_.last_used = info_.created_at;
}

void session_state::discard() {
  if (line_)
    line_->cancel({});
  fail_all(error_code::session_deleted);
  self_->quit();
}

void session_state::check_idle() {
  self_->delayed_send(self_, options_.idle_time, atom::idle_v);
  auto resting = phase_ == phase::idle || phase_ == phase::unknown;
  if (resting && (idle_since_look_ || is_past_age(info_)))
    offer_to_leave();
  idle_since_look_ = resting;
}

void session_state::offer_to_leave() { self_->send(options_.registry, atom::retire_v, report()); }

// Events of a line that was closed may still be on their way.

void session_state::take_transfer(transfer_event&& event, std::uint64_t line) {
  if (line == lines_ && line_)
    line_->on_transfer(std::move(event));
}

/// A transfer on the session's loop has a head, or bytes of its answer. The actor does not run, so
/// that CAF does not see what is thrown; it ends the actor as if it had been.
void session_state::take_bytes(transfer_event&& event, std::uint64_t line) {
  outside_ = true;
  try {
    take_transfer(std::move(event), line);
  } catch (const std::exception&) {
    caf::anon_send_exit(caf::actor_cast<private_session_actor>(self_),
                        caf::exit_reason::unhandled_exception);
  }
  outside_ = false;
}

void session_state::as_actor(std::function<void()> f) {
  if (!outside_)
    return f();
  left_for_actor_ = std::move(f);
  caf::anon_send(caf::actor_cast<private_session_actor>(self_), atom::wake_v);
}

void session_state::catch_up() {
  if (auto f = std::exchange(left_for_actor_, nullptr))
    f();
}

void session_state::wake(std::uint64_t number, std::uint64_t line) {
  if (line == lines_ && line_)
    line_->on_wake(number);
}

bool session_state::is_past_age(const openai::session_info& info) const {
  return session_lifetime{{}, options_.max_age}.expiry(std::chrono::system_clock::now()).made >
         info.created_at;
}

// -- turns ---------------------------------------------------------------------------------------

void session_state::take(turn t, reply_actor reply) {
  ++turns_;
  idle_since_look_ = false;
  if (t.request->retries.may_repeat() && join(t, reply))
    return;
  forget_answer_of(t);
  // What is in the record shows whether a turn that came for an answer has it.
  auto recorded = phase_ != phase::unknown && phase_ != phase::loading;
  if (recorded && !belongs(t)) {
    refuse(turn_readers{std::move(reply)}, turn_outcome::refused, busy_session());
    return;
  }
  auto next_in_line = running_ ? std::size_t{0} : std::size_t{1};
  if (queue_.size() >= options_.queue_limit + next_in_line) {
    refuse(turn_readers{std::move(reply)}, turn_outcome::refused, busy_session());
    return;
  }
  // Tells of a client that left, before or after its turn's beginning.
  self_->monitor(reply);
  queue_.push_back({std::move(t), turn_readers{std::move(reply)}});
  if (phase_ == phase::unknown)
    load();
  else
    begin_next();
}

void session_state::begin_next() {
  if (phase_ != phase::idle || queue_.empty())
    return;
  auto next = std::move(queue_.front());
  queue_.pop_front();
  begin(std::move(next));
}

void session_state::begin(waiting_turn t) {
  if (stored_answer_ == stored_answer::outdated)
    save();
  enter(phase::answering);
  running_ = std::move(t);
  use(running_->what);
  auto told = make_upstream_turn(running_->what);
  if (!told) {
    refuse(running_->readers, turn_outcome::refused, told.error());
    end_turn();
    return;
  }
  info_.model = running_->what.model.id;
  info_.last_used = recorded_now();
  tell_registry();
  begin_answer();
  turn_head head;
  head.what = running_->what;
  head.answer = answer_;
  running_->readers.for_each([&](const reply_actor& reply) { begin_reply(head, reply); });
  line_->begin(*told);
}

/// Has *reply* read the answer from its beginning.
void session_state::begin_reply(turn_head head, const reply_actor& reply) {
  head.session_id = info_.id;
  head.answer->add_reader(reply.id());
  self_->send(reply, atom::begin_v, std::move(head), caf::actor_cast<turn_actor>(self_));
}

std::shared_ptr<answer_log> session_state::make_log(answer_identity identity) {
  return std::make_shared<answer_log>(std::move(identity), options_.home, options_.credit_step);
}

void session_state::begin_answer() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  answer_ = make_log({make_id({}), std::chrono::duration_cast<std::chrono::seconds>(now).count()});
  // Called no more once the turn has ended.
  answer_->on_room([this](std::size_t bytes) { line_->grant(bytes); });
}

void session_state::on_deltas(deltas text, std::size_t bytes) {
  answer_->append(std::move(text), bytes);
}

void session_state::on_answer(upstream_answer answer) {
  as_actor([this, answer = std::move(answer)]() mutable { answered(std::move(answer)); });
}

void session_state::answered(upstream_answer answer) {
  remember_answer(answer.end);
  if (!answer.said)
    answer.said.emplace(openai::role::assistant, answered_text());
  if (whole_) {
    whole_->answer(std::move(*answer.said));
    next_tip_ = options_.digest->of(whole_->next());
  } else {
    const auto& text = answer.said->text;
    memory_.answered(text, text.size() < longest_answer);
  }
  ++info_.turns;
  commit(std::move(answer.end));
}

void session_state::on_failure(upstream_failure f) {
  as_actor([this, f = std::move(f)] { failed(f); });
}

void session_state::failed(const upstream_failure& f) {
  const auto& reason = f.reason;
  if (whole_) {
    whole_->drop();
  } else {
    break_off(reason.maybe_taken);
    // A chat that was let go is not to be found in the record again.
    if (!chat().id.empty() || info_.turns > 0)
      save();
  }
  refuse(running_->readers, turn_outcome::failed, reason, running_turns());
  end_turn();
}

void session_state::on_other_upstream(const std::string& upstream, const std::string& model) {
  running_->what.answered_by = upstream;
  running_->what.model.id = model;
  answer_->answered_by(upstream, model);
}

void session_state::on_settled() {
  as_actor([this] { end_turn(); });
}

void session_state::enter_settling() {
  enter(phase::settling);
  tell_registry();
}

void session_state::end_turn() {
  left_for_actor_ = nullptr;
  running_.reset();
  if (answer_)
    answer_->on_room(nullptr);
  answer_.reset();
  const auto in_doubt = stored_ == stored_record::in_doubt;
  enter(in_doubt ? phase::unknown : phase::idle);
  idle_since_look_ = false;
  tell_registry();
  if (queue_.empty() && is_past_age(info_))
    offer_to_leave();
  if (in_doubt && !queue_.empty())
    load();
  begin_next();
}

// -- others --------------------------------------------------------------------------------------

void session_state::fail_all(const openai::error& reason) {
  if (running_ && phase_ == phase::answering)
    refuse(running_->readers, turn_outcome::failed, reason, running_turns());
  // One that is being committed is counted by what comes of that. One that is being settled is
  // over.
  if (running_ && phase_ == phase::committing)
    running_->readers.for_each(
        [&](const reply_actor& reply) { self_->send(reply, atom::failed_v, reason); });
  for (auto& t : queue_)
    refuse(t.readers, turn_outcome::failed, reason);
  queue_.clear();
}

void session_state::refuse(const turn_readers& readers, turn_outcome outcome,
                           const openai::error& reason, double turns) {
  options_.counts->turn_failed(outcome, reason.code, turns);
  readers.for_each([&](const reply_actor& reply) { self_->send(reply, atom::failed_v, reason); });
}

void session_state::tell_registry() { self_->send(options_.registry, atom::changed_v, report()); }

session_report session_state::report() {
  info_.has_upstream_chat = !chat().id.empty();
  session_report result;
  result.info = info_;
  result.token = options_.token;
  result.scope = options_.scope;
  result.info.state = name_of(phase_);
  result.turns = turns_;
  result.resting = (phase_ == phase::idle || phase_ == phase::unknown) && queue_.empty();
  if (phase_ != phase::answering && queue_.empty())
    result.tip = tip().value_or("");
  result.identity = repeatable();
  return result;
}

private_session_actor::behavior_type
session(private_session_actor::stateful_pointer<session_state> self, session_options options) {
  self->state.start(std::move(options));
  return {
      [self](atom::leave, const client_left& left) {
        self->state.reply_ended(caf::actor_cast<caf::actor_addr>(self->current_sender()), left);
      },
      [self](atom::turn, turn& t, reply_actor& reply) {
        self->state.take(std::move(t), std::move(reply));
      },
      [self](transfer_event& e, std::uint64_t line) {
        self->state.take_transfer(std::move(e), line);
      },
      [self](atom::wake, std::uint64_t number, std::uint64_t line) {
        self->state.wake(number, line);
      },
      [self](atom::wake) { self->state.catch_up(); },
      [self](atom::discard) {
        self->state.discard();
        return atom::discard_v;
      },
      [self](atom::idle) { self->state.check_idle(); },
      [self](atom::abandon, std::uint64_t absence) { self->state.abandon(absence); },
      [self](atom::retire) { self->quit(); },
  };
}

} // namespace nekod
