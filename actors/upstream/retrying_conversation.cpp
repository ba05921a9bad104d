#include "actors/upstream/retrying_conversation.hpp"

#include <utility>
#include <variant>

namespace nekod {

using chat::failure_code;

retrying_conversation::retrying_conversation(std::shared_ptr<retry_plan> plan, upstream_chat known,
                                             upstream_listener& listener,
                                             conversation_context context)
    : plan_(std::move(plan)),
      listener_(listener),
      context_(std::move(context)),
      conversations_(plan_->upstreams.size()),
      attempts_(plan_) {
  open(0, std::move(known));
}

void retrying_conversation::open(std::size_t upstream, upstream_chat known) {
  auto context = context_;
  context.events = [f = context_.events, upstream](transfer_event&& e) {
    e.upstream = static_cast<std::uint32_t>(upstream);
    f(std::move(e));
  };
  conversations_[upstream] =
      plan_->upstreams[upstream].service->open(std::move(known), *this, std::move(context));
}

// -- the interface -------------------------------------------------------------------------------

void retrying_conversation::begin(const upstream_turn& turn) {
  turn_ = turn;
  answer_began_ = false;
  take(attempts_.begin(turn_.model));
}

void retrying_conversation::cancel(
    std::optional<std::chrono::steady_clock::time_point> client_left) {
  stop_timers();
  current().cancel(client_left);
  turn_ = upstream_turn{};
}

void retrying_conversation::let_go() {
  stop_timers();
  turn_ = upstream_turn{};
  current().let_go();
}

void retrying_conversation::give_up_late() {
  stop_timers();
  current().give_up_late();
}

bool retrying_conversation::may_have_reached() const noexcept {
  return retry_timer_ == 0 && current().may_have_reached();
}

void retrying_conversation::on_transfer(transfer_event&& event) {
  const auto upstream = event.upstream;
  if (upstream < conversations_.size() && conversations_[upstream])
    conversations_[upstream]->on_transfer(std::move(event));
}

void retrying_conversation::on_wake(std::uint64_t number) {
  if (number == retry_timer_) {
    retry_timer_ = 0;
    take(attempts_.on_wait_over());
  } else if (number == first_token_timer_) {
    current().give_up_late();
    chat::failure late{failure_code::upstream_timeout, {}, "no first text in time"};
    const auto& service = *plan_->upstreams[attempts_.upstream()].service;
    late.maybe_taken = !service.abilities().stateless;
    on_failure(std::move(late));
  }
}

// -- tries ---------------------------------------------------------------------------------------

void retrying_conversation::take(turn_attempts::step next) {
  if (const auto* now = std::get_if<turn_attempts::try_now>(&next)) {
    try_at(now->upstream);
  } else if (const auto* later = std::get_if<turn_attempts::wait_for>(&next)) {
    context_.wake(later->time, retry_timer_ = ++last_timer_);
  } else if (auto* failed = std::get_if<turn_attempts::give_up>(&next)) {
    turn_ = upstream_turn{};
    listener_.on_failure(std::move(failed->reason));
  }
}

void retrying_conversation::try_at(std::size_t upstream) {
  if (!conversations_[upstream])
    open(upstream, {});
  if (plan_->options.first_token.count() > 0 && turn_.request->stream)
    context_.wake(plan_->options.first_token, first_token_timer_ = ++last_timer_);
  if (plan_->upstreams[upstream].model.empty()) {
    current().begin(turn_);
    return;
  }
  auto turn = turn_;
  turn.model = attempts_.model_at(upstream);
  current().begin(turn);
}

// -- the answer ----------------------------------------------------------------------------------

/// Reports which upstream answers, if that is a fall-back.
void retrying_conversation::begin_answer() {
  first_token_timer_ = 0;
  const auto upstream = attempts_.upstream();
  if (std::exchange(answer_began_, true) || upstream == 0)
    return;
  const auto& service = *plan_->upstreams[upstream].service;
  listener_.on_other_upstream(std::string{service.name()},
                              service.public_model_id(attempts_.model_at(upstream)));
}

void retrying_conversation::on_deltas(deltas text, std::size_t bytes) {
  begin_answer();
  listener_.on_deltas(std::move(text), bytes);
}

void retrying_conversation::on_branches(const std::vector<deltas>& texts, std::size_t bytes) {
  begin_answer();
  listener_.on_branches(texts, bytes);
}

void retrying_conversation::on_answer(upstream_answer answer) {
  stop_timers();
  begin_answer();
  turn_ = upstream_turn{};
  listener_.on_answer(std::move(answer));
}

void retrying_conversation::on_failure(upstream_failure f) {
  stop_timers();
  if (answer_began_)
    listener_.on_failure(std::move(f));
  else
    take(attempts_.on_failure(std::move(f)));
}

} // namespace nekod
