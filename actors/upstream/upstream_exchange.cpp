#include "actors/upstream/upstream_exchange.hpp"

#include <algorithm>
#include <utility>

namespace nekod {

upstream_exchange::upstream_exchange(transport& net, transport::sink events, exchange_listener& l)
    : net_(net), events_(std::move(events)), listener_(l) {}

upstream_exchange::~upstream_exchange() { cancel({}); }

void upstream_exchange::begin_turn(std::shared_ptr<account_watch> account) {
  account_ = std::move(account);
  turn_ = counted_turn{account_};
}

void upstream_exchange::end_turn() {
  turn_.end();
  response_ = upstream_response{};
}

void upstream_exchange::start(running_call call, http_call what) {
  call_ = std::move(call);
  running_ = true;
  response_ = upstream_response{};
  failure_ = transfer_failure::none;
  answer_began_ = false;
  lent_ = 0;
  transfer_ = net_.start(++number_, std::move(what), events_);
}

void upstream_exchange::finish(const chat::failure* problem) {
  running_ = false;
  account_->ended(call_, problem, failure_, response_);
}

void upstream_exchange::cancel(std::optional<std::chrono::steady_clock::time_point> client_left) {
  if (std::exchange(running_, false)) {
    account_->cancelled(call_);
    if (transfer_ && client_left)
      transfer_->abandon(*client_left);
  }
  close();
}

void upstream_exchange::give_up_late() {
  if (running_) {
    const chat::failure late{chat::failure_code::upstream_timeout};
    failure_ = transfer_failure::first_byte_timeout;
    finish(&late);
  }
  close();
}

void upstream_exchange::close() { transfer_.reset(); }

// -- the answer ----------------------------------------------------------------------------------

void upstream_exchange::pass_on(deltas text, std::size_t bytes, upstream_listener& to) {
  if (text.empty())
    return lend(bytes);
  bytes += begin_passing();
  to.on_deltas(std::move(text), bytes);
}

void upstream_exchange::pass_on(const std::vector<deltas>& texts, std::size_t bytes,
                                upstream_listener& to) {
  if (std::ranges::all_of(texts, &deltas::empty))
    return lend(bytes);
  bytes += begin_passing();
  to.on_branches(texts, bytes);
}

/// @returns the bytes that were lent, which the text to be passed on accounts for.
std::size_t upstream_exchange::begin_passing() {
  if (!std::exchange(answer_began_, true))
    account_->answer_began();
  const auto lent = std::exchange(lent_, 0);
  take_back(lent);
  return lent;
}

void upstream_exchange::lend(std::size_t bytes) {
  grant(bytes);
  lent_ += bytes;
}

void upstream_exchange::grant(std::size_t bytes) {
  if (transfer_)
    transfer_->grant(bytes);
}

void upstream_exchange::take_back(std::size_t bytes) {
  if (transfer_)
    transfer_->take_back(bytes);
}

void upstream_exchange::on_transfer(transfer_event&& event) {
  if (!transfer_ || event.transfer != number_)
    return;
  switch (event.what) {
  case transfer_event::kind::head:
    response_.on_head(event, account_->longest_rest());
    listener_.on_head(event);
    break;
  case transfer_event::kind::data:
    if (running_)
      listener_.on_body(std::move(event.bytes));
    else
      grant(event.bytes.size()); // Read to its end, so that its connection can be reused.
    break;
  case transfer_event::kind::end:
    close();
    if (!running_)
      return;
    failure_ = event.failure;
    listener_.on_end();
    break;
  }
}

} // namespace nekod
