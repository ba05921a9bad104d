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

/// Keeps each key to a limit, by token buckets: a bucket of `count` tokens for each rate, full at
/// first and filled again evenly over its period. A request takes a token from each of its key's
/// buckets, or from none.
///
/// May be used by several threads. At most `max_keys` keys are remembered. Those whose buckets are
/// full again are forgotten, a few at each call: a key that is not known has full buckets anyway.
/// Where all are busy, the one that asked longest ago is forgotten before its time to make room for
/// a new one. So a flood of made-up keys costs no more memory, but some of the limit's grip.
class rate_limiter {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// @param limit As `parse_rate_limit` makes it.
  explicit rate_limiter(const rate_limit& limit, std::size_t max_keys = 100'000);
  rate_limiter(const rate_limiter&) = delete;
  rate_limiter& operator=(const rate_limiter&) = delete;

  /// Nothing where *count* requests of *key* may pass, which are charged then. Else nothing is
  /// charged, and the time until the same try would pass is returned, in whole seconds, rounded up.
  /// @param count Up to `most_at_once()`.
  std::optional<std::chrono::seconds> take(std::string_view key, time_point now,
                                           unsigned count = 1);

  /// How many requests the smallest bucket holds.
  std::size_t most_at_once() const noexcept;

  /// Takes back one request that a `take` of *key* charged. For a request that passed one limiter
  /// and was refused by the next: so it is charged by neither.
  void refund(std::string_view key);

  /// How many keys are remembered.
  std::size_t size() const;

private:
  using duration = time_point::duration;

  /// What all buckets of one rate have in common.
  struct shape {
    /// In which one token grows.
    duration interval;
    /// In which an empty bucket fills.
    duration whole;
  };

  /// A key's buckets. A bucket is the time at which it is full again: as GCRA has it, one number
  /// that needs no refill.
  struct entry {
    std::string key;
    std::vector<time_point> full_at;
    /// When the last bucket is full again.
    time_point all_full_at;
  };

  duration wait_for_room(const entry& e, time_point now, unsigned count) const;
  void charge(entry& e, time_point now, unsigned count);
  entry& use(std::string_view key, time_point now);
  entry& insert(std::string_view key, time_point now);
  void forget_full(time_point now);
  void forget(const entry& e);
  /// Has *e* stand where its buckets' times say.
  void settle(entry& e);

  std::vector<shape> shapes_;
  std::size_t max_keys_;
  mutable std::mutex mutex_;
  time_point latest_ = time_point::min();
  /// Who asked last comes first.
  std::list<entry> entries_;
  /// The names lie in the entries.
  std::unordered_map<std::string_view, std::list<entry>::iterator> by_key_;
  /// Who is full first comes first.
  std::set<std::pair<time_point, const entry*>> by_time_;
};

} // namespace nekod::http
