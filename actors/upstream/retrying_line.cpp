#include "actors/upstream/retrying_line.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <utility>

namespace nekod {

using openai::error;
using openai::error_code;
using std::chrono::milliseconds;

namespace {

/// Accounts that one turn may be given to in another's place.
constexpr unsigned most_moves = 64;

/// The lines number their transfers each from 1. Which line's it is stands above.
constexpr unsigned place_bits = 8;
constexpr unsigned number_bits = 64 - place_bits;
constexpr std::uint64_t number_mask = (std::uint64_t{1} << number_bits) - 1;

/// Whether another upstream might do better. What is wrong with a request is wrong everywhere.
bool is_upstreams_matter(const error& e) {
  switch (e.code) {
  case error_code::upstream_auth_failed:
  case error_code::rate_limit_exceeded:
  case error_code::upstream_error:
  case error_code::upstream_timeout:
  case error_code::overloaded:
    return true;
  default:
    return false;
  }
}

/// Half of *time*, and what chance adds of the other half: who failed together is not to come back
/// together.
milliseconds by_chance(milliseconds time) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto half = time.count() / 2;
  return milliseconds{half + std::uniform_int_distribution<std::int64_t>{0, half}(random)};
}

} // namespace

retrying_line::retrying_line(std::shared_ptr<retry_plan> plan, upstream_chat known,
                             upstream_listener& listener, line_context context)
    : plan_(std::move(plan)),
      listener_(listener),
      context_(std::move(context)),
      lines_(plan_->places.size()) {
  open(0, std::move(known));
}

void retrying_line::open(std::size_t place, upstream_chat known) {
  auto context = context_;
  context.events = [f = context_.events, place](transfer_event e) {
    e.transfer |= static_cast<std::uint64_t>(place) << number_bits;
    f(std::move(e));
  };
  lines_[place] = plan_->places[place].service->open(std::move(known), *this, std::move(context));
}

// -- the interface -------------------------------------------------------------------------------

void retrying_line::begin(const upstream_turn& turn) {
  turn_ = turn;
  retries_ = moves_ = 0;
  answered_ = false;
  first_failure_.reset();
  plan_->budget.turn_begun();
  try_at(0);
}

void retrying_line::settle() { line().settle(); }

void retrying_line::cancel(std::optional<std::chrono::steady_clock::time_point> client_left) {
  stop_clocks();
  line().cancel(client_left);
}

void retrying_line::let_go() {
  stop_clocks();
  turn_ = upstream_turn{};
  line().let_go();
}

void retrying_line::give_up_late() {
  stop_clocks();
  line().give_up_late();
}

bool retrying_line::may_have_told() const noexcept {
  return retry_wake_ == 0 && line().may_have_told();
}

void retrying_line::grant(std::size_t bytes) { line().grant(bytes); }

void retrying_line::on_transfer(transfer_event event) {
  const auto place = event.transfer >> number_bits;
  event.transfer &= number_mask;
  if (place < lines_.size() && lines_[place])
    lines_[place]->on_transfer(std::move(event));
}

void retrying_line::on_wake(std::uint64_t number) {
  if (number == retry_wake_) {
    retry_wake_ = 0;
    first_failure_.reset();
    try_at(0);
  } else if (number == first_token_wake_) {
    line().give_up_late();
    error late{error_code::upstream_timeout, {}, "waiting for the answer's first text"};
    late.maybe_taken = !plan_->places[place_].service->abilities().stateless;
    on_failure(std::move(late));
  }
}

// -- the way of a turn ---------------------------------------------------------------------------

void retrying_line::try_at(std::size_t place) {
  place_ = place;
  const auto& [service, model] = plan_->places[place];
  if (!lines_[place])
    open(place, {});
  if (plan_->options.first_token.count() > 0 && turn_.request->stream)
    first_token_wake_ = wake_after(plan_->options.first_token);
  if (model.empty()) {
    line().begin(turn_);
    return;
  }
  auto turn = turn_;
  turn.model = model;
  line().begin(turn);
}

void retrying_line::on_deltas(deltas text, std::size_t bytes) {
  answered_ = true;
  first_token_wake_ = 0;
  listener_.on_deltas(std::move(text), bytes);
}

void retrying_line::on_branches(const std::vector<deltas>& texts, std::size_t bytes) {
  answered_ = true;
  first_token_wake_ = 0;
  listener_.on_branches(texts, bytes);
}

void retrying_line::on_answer(upstream_answer answer) {
  stop_clocks();
  turn_ = upstream_turn{};
  listener_.on_answer(std::move(answer));
}

void retrying_line::on_failure(upstream_failure f) {
  stop_clocks();
  if (answered_) {
    listener_.on_failure(std::move(f));
    return;
  }
  if (f.help == remedy::other_account && moves_ < most_moves) {
    ++moves_;
    try_at(place_);
    return;
  }
  const auto goes_on = place_ > 0 || is_upstreams_matter(f.reason);
  if (place_ == 0)
    first_failure_ = std::move(f);
  if (goes_on && place_ + 1 < plan_->places.size()) {
    spdlog::warn("upstream {} failed, {} takes the turn", plan_->places[place_].service->name(),
                 plan_->places[place_ + 1].service->name());
    plan_->counts.fallbacks.Increment();
    try_at(place_ + 1);
    return;
  }
  auto first = *std::exchange(first_failure_, std::nullopt);
  if (try_later(first))
    return;
  place_ = 0;
  turn_ = upstream_turn{};
  listener_.on_failure(std::move(first));
}

/// Has the turn go round again after a while, if that may help and is allowed.
bool retrying_line::try_later(const upstream_failure& f) {
  const auto wait = wait_before_retry(f);
  if (!wait)
    return false;
  if (!plan_->budget.take()) {
    plan_->counts.refused_retries.Increment();
    return false;
  }
  ++retries_;
  plan_->counts.retries.Increment();
  spdlog::debug("upstream {} is tried again in {} ms", plan_->places.front().service->name(),
                wait->count());
  retry_wake_ = wake_after(*wait);
  return true;
}

std::optional<milliseconds> retrying_line::wait_before_retry(const upstream_failure& f) const {
  const auto& o = plan_->options;
  if (f.help != remedy::later || retries_ >= o.retries)
    return std::nullopt;
  if (!f.reason.retry_after)
    return by_chance(std::min(o.wait * (1u << std::min(retries_, 16u)), o.longest_wait));
  if (*f.reason.retry_after > o.longest_wait)
    return std::nullopt;
  // As long as it says, and by chance a little longer.
  return milliseconds{*f.reason.retry_after} + by_chance(o.wait);
}

std::uint64_t retrying_line::wake_after(milliseconds time) {
  context_.wake(time, ++last_wake_);
  return last_wake_;
}

void retrying_line::stop_clocks() { retry_wake_ = first_token_wake_ = 0; }

} // namespace nekod
