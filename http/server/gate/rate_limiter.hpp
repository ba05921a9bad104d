#pragma once

#include "http/server/gate/rate_limit.hpp"

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nekod::http {

/// Applies a limit to each key, by token buckets: for each rate a bucket of `count` tokens, full at
/// first and refilled evenly over its period. A request takes a token from each bucket of its key,
/// or from none.
///
/// Thread-safe. At most `max_keys` keys are remembered. Keys whose buckets are full again are
/// forgotten, a few at each call: an unknown key has full buckets anyway. If none is full, the
/// least recently used key makes room for a new one. So a flood of forged keys costs no more
/// memory, but weakens the limit.
class rate_limiter {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// @param limit The result of `parse_rate_limit`.
  explicit rate_limiter(const rate_limit& limit, std::size_t max_keys = 100'000);
  rate_limiter(const rate_limiter&) = delete;
  rate_limiter& operator=(const rate_limiter&) = delete;

  /// Charges *count* requests of *key* and returns nothing if they may pass. Otherwise charges
  /// nothing and returns the time until the same call would succeed, in whole seconds, rounded up.
  /// @param count At most `most_at_once()`.
  std::optional<std::chrono::seconds> take(std::string_view key, time_point now,
                                           unsigned count = 1);

  /// The number of requests in the smallest bucket.
  std::size_t most_at_once() const noexcept;

  /// How many requests of *key* may pass now, by each rate alone, in the order of the limit's
  /// rates.
  std::vector<std::size_t> left(std::string_view key, time_point now) const;

  /// Returns one request that a `take` of *key* charged: for a request that passed one limiter and
  /// was refused by the next, so that neither charges it.
  void refund(std::string_view key);

  /// Takes over what other nodes have charged: for each rate, *key*'s bucket is full again in that
  /// time, or later if it is so here.
  /// @param full_in As many as the limit has rates.
  void adopt(std::string_view key, time_point now,
             const std::vector<std::chrono::nanoseconds>& full_in);

  /// The number of remembered keys.
  std::size_t size() const;

  using duration = time_point::duration;

  /// The properties that all buckets of one rate share.
  struct shape {
    /// The time in which one token is added.
    duration interval;
    /// The time in which an empty bucket is filled.
    duration whole;
  };

  /// In the order of the limit's rates.
  const std::vector<shape>& shapes() const noexcept { return shapes_; }

private:
  /// A key's buckets. As in GCRA, a bucket is the time at which it is full again: one number, which
  /// needs no refill.
  struct entry {
    std::string key;
    std::vector<time_point> full_at;
    /// The time at which the last bucket is full again.
    time_point all_full_at;
  };

  duration wait_for_room(const entry& e, time_point now, unsigned count) const;
  void charge(entry& e, time_point now, unsigned count);
  entry& use(std::string_view key, time_point now);
  entry& insert(std::string_view key, time_point now);
  void forget_full(time_point now);
  void forget(const entry& e);
  /// Moves *e* to the place that its buckets' times require.
  void settle(entry& e);

  std::vector<shape> shapes_;
  std::size_t max_keys_;
  mutable std::mutex mutex_;
  time_point latest_ = time_point::min();
  /// Most recently used first.
  std::list<entry> entries_;
  /// The names refer to the entries.
  std::unordered_map<std::string_view, std::list<entry>::iterator> by_key_;
  /// By the time at which all buckets are full.
  std::set<std::pair<time_point, const entry*>> by_time_;
};

} // namespace nekod::http
