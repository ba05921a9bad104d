#pragma once

#include <chrono>

namespace nekod::http {

/// Whether the bytes of a transfer are to gather unread: if those before came faster than the
/// gather time, and until none come for that long. Pure.
class gathering {
public:
  using clock = std::chrono::steady_clock;

  /// @param time Zero if bytes may not gather.
  explicit gathering(clock::duration time) : time_(time) {}

  /// A read brought bytes.
  /// @param before The time of the read before.
  /// @param may_go_on Whether more may come, and nothing was left to be read.
  void on_read(clock::time_point before, clock::time_point now, bool may_go_on) noexcept {
    quick_reads_ = before != clock::time_point{} && now - before < time_ ? quick_reads_ + 1 : 0;
    is_on_ = may_go_on && time_.count() > 0 && (is_on_ || quick_reads_ >= least_quick_reads);
  }

  /// No bytes came, or they are not to be read.
  void stop() noexcept {
    quick_reads_ = 0;
    is_on_ = false;
  }

  bool is_on() const noexcept { return is_on_; }

private:
  /// The quick reads after which bytes gather: fewer say nothing of those to come, and a response
  /// in a few pieces is not to wait for another one.
  static constexpr unsigned least_quick_reads = 4;

  clock::duration time_;
  /// The reads in a row that came within the gather time of each other.
  unsigned quick_reads_ = 0;
  bool is_on_ = false;
};

} // namespace nekod::http
