#include "actors/upstream/turn_attempts.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <utility>

namespace nekod {

using chat::failure_code;
using std::chrono::milliseconds;

namespace {

/// How often one turn may move from one account to another.
constexpr unsigned most_moves = 64;

/// Whether another upstream might succeed. A fault of the request is a fault everywhere.
bool is_upstreams_fault(const chat::failure& e) {
  switch (e.code) {
  case failure_code::upstream_auth_failed:
  case failure_code::upstream_loop:
  case failure_code::rate_limit_exceeded:
  case failure_code::upstream_error:
  case failure_code::upstream_timeout:
    return true;
  default:
    return false;
  }
}

/// *time*, randomly shortened by up to a half, so that turns that failed together do not return
/// together.
milliseconds with_jitter(milliseconds time) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto half = time.count() / 2;
  return milliseconds{half + std::uniform_int_distribution<std::int64_t>{0, half}(random)};
}

} // namespace

turn_attempts::try_now turn_attempts::begin(std::string model) {
  model_ = std::move(model);
  retries_ = moves_ = 0;
  loading_since_.reset();
  plan_->budget.turn_begun();
  return begin_round();
}

turn_attempts::try_now turn_attempts::begin_round() {
  first_failure_.reset();
  tried_.assign(plan_->upstreams.size(), false);
  tried_twice_.reset();
  too_long_ = false;
  const auto alone = plan_->upstreams.size() == 1;
  const auto first = alone || admits(0) ? 0 : next_upstream().value_or(0);
  if (first > 0)
    plan_->counts.fallbacks.Increment();
  return try_at(first);
}

turn_attempts::try_now turn_attempts::try_at(std::size_t upstream) {
  upstream_ = upstream;
  tried_[upstream] = true;
  return {upstream};
}

const std::string& turn_attempts::model_at(std::size_t upstream) const {
  const auto& model = plan_->upstreams[upstream].model;
  return model.empty() ? model_ : model;
}

bool turn_attempts::admits(std::size_t upstream) const {
  return plan_->upstreams[upstream].service->admits(model_at(upstream));
}

/// The next fall-back for the turn; last of all the upstream itself, if it was skipped.
std::optional<std::size_t> turn_attempts::next_upstream() const {
  for (std::size_t i = 1; i < plan_->upstreams.size(); ++i)
    if (!tried_[i] && (!too_long_ || plan_->upstreams[i].long_context) && admits(i))
      return i;
  return tried_[0] ? std::nullopt : std::optional<std::size_t>{0};
}

// -- after a failure -----------------------------------------------------------------------------

turn_attempts::step turn_attempts::on_failure(upstream_failure f) {
  if (f.help == remedy::other_account && moves_ < most_moves) {
    ++moves_;
    return try_at(upstream_);
  }
  if (may_try_once_more(f))
    return try_at(upstream_);
  if (upstream_ == 0)
    first_failure_ = f;
  if (const auto next = elsewhere(f))
    return try_at(*next);
  auto first = std::exchange(first_failure_, std::nullopt).value_or(std::move(f));
  if (first.help == remedy::when_loaded) {
    if (const auto wait = wait_for_loading(first))
      return wait_for{*wait};
  } else {
    loading_since_.reset();
    const auto wait = back_off(first);
    if (wait && take_retry()) {
      spdlog::debug("retrying upstream {} in {} ms", plan_->upstreams.front().service->name(),
                    wait->count());
      return wait_for{*wait};
    }
  }
  upstream_ = 0;
  return give_up{std::move(first)};
}

/// Whether the same upstream gets the turn once more at once, which must be cheap and within the
/// budget.
bool turn_attempts::may_try_once_more(const upstream_failure& f) {
  if (f.help != remedy::again || tried_twice_ == upstream_ || !take_retry())
    return false;
  tried_twice_ = upstream_;
  return true;
}

/// The fall-back that gets the turn, if one might succeed.
std::optional<std::size_t> turn_attempts::elsewhere(const upstream_failure& f) {
  const auto too_long = upstream_ == 0 && f.reason.code == failure_code::context_length_exceeded;
  too_long_ = too_long_ || too_long;
  if (upstream_ == 0 && !too_long && !is_upstreams_fault(f.reason))
    return std::nullopt;
  const auto next = next_upstream();
  if (!next)
    return std::nullopt;
  spdlog::warn("upstream {} failed ({}); {} takes the turn",
               plan_->upstreams[upstream_].service->name(), name_of(f.reason.code),
               plan_->upstreams[*next].service->name());
  plan_->counts.fallbacks.Increment();
  return next;
}

/// Uses one of the turn's retries, and one of the upstream's budget.
bool turn_attempts::take_retry() {
  if (retries_ >= plan_->options.retries)
    return false;
  if (!plan_->budget.take()) {
    plan_->counts.refused_retries.Increment();
    return false;
  }
  ++retries_;
  plan_->counts.retries.Increment();
  return true;
}

// -- waiting -------------------------------------------------------------------------------------

/// The time until the upstream may have loaded; nothing if the turn has waited long enough.
std::optional<milliseconds> turn_attempts::wait_for_loading(const upstream_failure& f) {
  const auto now = plan_->now();
  const auto since = loading_since_.value_or(now);
  const auto wait = std::max(loading_step, f.reason.retry_after.value_or(loading_step));
  if (now + wait > since + plan_->options.loading_wait)
    return std::nullopt;
  if (!loading_since_)
    spdlog::info("upstream {} is loading; a turn waits for it",
                 plan_->upstreams.front().service->name());
  loading_since_ = since;
  plan_->seen_loading = now;
  return wait;
}

/// The wait before the next round; nothing if that would not help or take too long.
std::optional<milliseconds> turn_attempts::back_off(const upstream_failure& f) const {
  const auto& o = plan_->options;
  if (f.help != remedy::later)
    return std::nullopt;
  if (!f.reason.retry_after)
    return with_jitter(std::min(o.wait * (1u << std::min(retries_, 16u)), o.longest_wait));
  if (*f.reason.retry_after > o.longest_wait)
    return std::nullopt;
  // Never before the time that the upstream named.
  return *f.reason.retry_after + with_jitter(o.wait);
}

turn_attempts::step turn_attempts::on_wait_over() {
  if (!loading_since_)
    return begin_round();
  // Another turn may just have found it loading. Of all waiting turns, one asks at a time.
  const auto now = plan_->now();
  const auto just_seen = now - plan_->seen_loading.load() < loading_step / 2;
  const auto time_left = now + loading_step <= *loading_since_ + plan_->options.loading_wait;
  if (just_seen && time_left)
    return wait_for{loading_step};
  return begin_round();
}

} // namespace nekod
