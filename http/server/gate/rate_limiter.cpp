#include "http/server/gate/rate_limiter.hpp"

#include <algorithm>
#include <limits>

namespace nekod::http {

rate_limiter::rate_limiter(const rate_limit& limit, std::size_t max_keys)
    : max_keys_(std::max<std::size_t>(1, max_keys)) {
  for (const auto& r : limit.rates) {
    auto count = static_cast<duration::rep>(r.count);
    auto interval = duration{r.period} / count;
    shapes_.push_back({interval, interval * count});
  }
}

std::optional<std::chrono::seconds> rate_limiter::take(std::string_view key, time_point now,
                                                       unsigned count) {
  if (shapes_.empty())
    return std::nullopt;
  std::lock_guard guard{mutex_};
  // Threads read the clock before they take the lock, so times may be out of order.
  now = latest_ = std::max(latest_, now);
  forget_full(now);
  auto& e = use(key, now);
  if (auto wait = wait_for_room(e, now, count); wait > duration::zero())
    return std::chrono::ceil<std::chrono::seconds>(wait);
  charge(e, now, count);
  return std::nullopt;
}

std::vector<std::size_t> rate_limiter::left(std::string_view key, time_point now) const {
  std::lock_guard guard{mutex_};
  now = std::max(latest_, now);
  const auto found = by_key_.find(key);
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    const auto& s = shapes_[i];
    const auto full_at = found == by_key_.end() ? now : found->second->full_at[i];
    const auto room = s.whole - std::max(duration::zero(), full_at - now);
    result.push_back(static_cast<std::size_t>(std::max(duration::zero(), room) / s.interval));
  }
  return result;
}

void rate_limiter::refund(std::string_view key) {
  std::lock_guard guard{mutex_};
  auto found = by_key_.find(key);
  if (found == by_key_.end())
    return;
  auto& e = *found->second;
  for (std::size_t i = 0; i < shapes_.size(); ++i)
    e.full_at[i] -= shapes_[i].interval;
  settle(e);
}

void rate_limiter::adopt(std::string_view key, time_point now,
                         const std::vector<std::chrono::nanoseconds>& full_in) {
  if (shapes_.empty() || full_in.size() != shapes_.size())
    return;
  std::lock_guard guard{mutex_};
  now = latest_ = std::max(latest_, now);
  auto& e = use(key, now);
  for (std::size_t i = 0; i < shapes_.size(); ++i)
    e.full_at[i] = std::max(e.full_at[i], now + full_in[i]);
  settle(e);
}

std::size_t rate_limiter::size() const {
  std::lock_guard guard{mutex_};
  return entries_.size();
}

std::size_t rate_limiter::most_at_once() const noexcept {
  auto most = std::numeric_limits<duration::rep>::max();
  for (const auto& s : shapes_)
    most = std::min(most, s.whole / s.interval);
  return static_cast<std::size_t>(most);
}

/// The time until each bucket of *e* has *count* tokens.
rate_limiter::duration rate_limiter::wait_for_room(const entry& e, time_point now,
                                                   unsigned count) const {
  auto wait = duration::zero();
  for (std::size_t i = 0; i < shapes_.size(); ++i)
    wait = std::max(wait, e.full_at[i] + shapes_[i].interval * count - shapes_[i].whole - now);
  return wait;
}

void rate_limiter::charge(entry& e, time_point now, unsigned count) {
  for (std::size_t i = 0; i < shapes_.size(); ++i)
    e.full_at[i] = std::max(e.full_at[i], now) + shapes_[i].interval * count;
  settle(e);
}

/// The entry of *key*, which becomes the most recently used one.
rate_limiter::entry& rate_limiter::use(std::string_view key, time_point now) {
  auto found = by_key_.find(key);
  if (found == by_key_.end())
    return insert(key, now);
  entries_.splice(entries_.begin(), entries_, found->second);
  return *found->second;
}

rate_limiter::entry& rate_limiter::insert(std::string_view key, time_point now) {
  // Full buckets have been forgotten by now.
  if (entries_.size() >= max_keys_)
    forget(entries_.back());
  entries_.push_front({std::string{key}, std::vector<time_point>(shapes_.size(), now), now});
  auto& e = entries_.front();
  by_key_.emplace(e.key, entries_.begin());
  by_time_.emplace(e.all_full_at, &e);
  return e;
}

/// Forgets at most two keys, so that a call is short; a call adds only one.
void rate_limiter::forget_full(time_point now) {
  for (int i = 0; i < 2 && !by_time_.empty() && by_time_.begin()->first <= now; ++i)
    forget(*by_time_.begin()->second);
}

void rate_limiter::forget(const entry& e) {
  by_time_.erase({e.all_full_at, &e});
  auto found = by_key_.find(e.key);
  auto position = found->second;
  by_key_.erase(found); // Before the name that it refers to.
  entries_.erase(position);
}

void rate_limiter::settle(entry& e) {
  auto node = by_time_.extract({e.all_full_at, &e});
  e.all_full_at = *std::max_element(e.full_at.begin(), e.full_at.end());
  node.value().first = e.all_full_at;
  by_time_.insert(std::move(node));
}

} // namespace nekod::http
