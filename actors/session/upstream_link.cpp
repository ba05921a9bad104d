#include "actors/session/upstream_link.hpp"

#include "actors/upstream/obeying_conversation.hpp"

#include <caf/send.hpp>

#include <utility>

namespace nekod {

upstream_link::upstream_link(private_session_actor::pointer self, link_listener& session,
                             const conversation_owner& kept, home_loop home,
                             std::shared_ptr<byte_budget> budget,
                             std::shared_ptr<const node_hold> hold)
    : self_(self),
      session_(session),
      kept_(kept),
      home_(home),
      budget_(std::move(budget)),
      hold_(std::move(hold)),
      calls_([this] {
        caf::anon_send(caf::actor_cast<private_session_actor>(self_), atom::wake_v);
      }) {}

upstream_link::~upstream_link() { end_turn(); }

// -- where the conversation is -------------------------------------------------------------------

void upstream_link::close(upstream_chat known) {
  remote_.reset(); // Before its upstream, which this may have held last.
  upstream_.reset();
  known_chat_ = std::move(known);
}

void upstream_link::taken_in(std::optional<std::uint64_t> period) {
  if (hold_)
    period_ = period.value_or(hold_->period());
}

void upstream_link::open_for(const turn& t) {
  const auto& upstream = t.model.upstream;
  const auto obeys = !upstream->abilities().speaks_openai && wants_obeying(*t.request);
  const auto fits = obeys == std::exchange(obeys_, obeys);
  if (upstream == upstream_) {
    if (!fits)
      open(upstream_chat{chat()});
    return;
  }
  const auto stays = !upstream_ && known_chat_.upstream == upstream->name();
  remote_.reset(); // Before its upstream, which this may have held last.
  upstream_ = upstream;
  open(stays ? std::exchange(known_chat_, {}) : upstream_chat{});
}

void upstream_link::open(upstream_chat known) {
  conversation_context context;
  context.events = [this, alive = std::weak_ptr{alive_}, home = home_,
                    handle = caf::actor_cast<private_session_actor>(self_),
                    number = ++number_](transfer_event&& e) {
    // A transfer that had to go to another loop sends all of its events as messages.
    if (e.what == transfer_event::kind::end || !home.is_here())
      caf::anon_send(handle, std::move(e), number);
    else if (!alive.expired())
      on_bytes(std::move(e), number);
  };
  context.wake = [this, number = number_](std::chrono::milliseconds time, std::uint64_t wake) {
    self_->delayed_send(self_, time, atom::timer_v, wake, number);
  };
  if (hold_)
    context.holds_chat = [this] { return hold_->lasts(period_); };
  remote_ = obeys_ ? std::make_unique<obeying_conversation>(upstream_, std::move(known), *this,
                                                            std::move(context), budget_)
                   : upstream_->open(std::move(known), *this, std::move(context));
}

// -- a turn --------------------------------------------------------------------------------------

void upstream_link::begin(const upstream_turn& told, std::shared_ptr<answer_log> answer) {
  answer_ = std::move(answer);
  answer_->on_room([this](std::size_t bytes) { remote_->grant(bytes); });
  remote_->begin(told);
}

bool upstream_link::cancel(std::optional<std::chrono::steady_clock::time_point> client_left) {
  if (!remote_)
    return false;
  const auto heard = (answer_ && answer_->size() > 0) || remote_->may_have_reached();
  remote_->cancel(client_left);
  return heard;
}

void upstream_link::end_turn() {
  calls_.drop();
  if (answer_)
    answer_->on_room(nullptr);
  answer_.reset();
}

// -- events, also of conversations that were closed ----------------------------------------------

void upstream_link::on_transfer(transfer_event&& event, std::uint64_t number) {
  if (number == number_ && remote_)
    remote_->on_transfer(std::move(event));
}

/// A transfer on the session's loop has a head, or bytes of its answer; the actor does not run.
void upstream_link::on_bytes(transfer_event&& event, std::uint64_t number) {
  if (!calls_.make([&] { on_transfer(std::move(event), number); }))
    caf::anon_send_exit(caf::actor_cast<private_session_actor>(self_),
                        caf::exit_reason::unhandled_exception);
}

void upstream_link::on_wake(std::uint64_t wake, std::uint64_t number) {
  if (number == number_ && remote_)
    remote_->on_wake(wake);
}

// -- from the conversation, also outside of the actor --------------------------------------------

void upstream_link::on_deltas(deltas text, std::size_t bytes) {
  answer_->append(std::move(text), bytes);
}

void upstream_link::on_other_upstream(const std::string& upstream, const std::string& model) {
  answer_->answered_by(upstream, model);
}

void upstream_link::on_answer(upstream_answer answer) {
  calls_.as_actor(
      [this, answer = std::move(answer)]() mutable { session_.on_answered(std::move(answer)); });
}

void upstream_link::on_failure(upstream_failure f) {
  calls_.as_actor([this, f = std::move(f)] { session_.on_failed(f); });
}

void upstream_link::on_settled() {
  calls_.as_actor([this] { session_.on_settled(); });
}

} // namespace nekod
