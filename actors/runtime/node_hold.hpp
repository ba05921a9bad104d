#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>

namespace nekod {

/// A clock that also counts while the machine is suspended.
struct boot_clock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<boot_clock>;
  static constexpr bool is_steady = true;

  static time_point now() noexcept;
};

/// For how long this node is sure to hold what it took from a store that several nodes share. A
/// node that was stopped, or cut off from the store, for longer than its lease holds nothing any
/// more: others may have taken it, and what it takes later belongs to a new period. Thread-safe.
class node_hold {
public:
  using clock = boot_clock;

  /// The store has heard that the node lives.
  /// @param sent When it was told.
  /// @param lease The time from then on in which others take nothing over.
  void renewed(clock::time_point sent, clock::duration lease,
               clock::time_point now = clock::now()) noexcept;

  /// The number of the period that has begun last.
  std::uint64_t period() const noexcept { return period_; }

  /// Whether what was taken in that period is still held.
  bool lasts(std::uint64_t period, clock::time_point now = clock::now()) const noexcept;

private:
  std::atomic<std::uint64_t> period_{0};
  /// Before the first renewal nothing can have run out.
  std::atomic<clock::rep> end_{std::numeric_limits<clock::rep>::max()};
};

} // namespace nekod
