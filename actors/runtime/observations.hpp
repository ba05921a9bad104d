#pragma once

#include <prometheus/histogram.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nekod {

/// Observations of a histogram, counted here and handed over many at a time, since a histogram has
/// locks. The histogram lacks up to `most_waiting` of them until `flush`, or the end of this
/// object. Used by one thread at a time.
class observations {
public:
  static constexpr unsigned most_waiting = 64;

  /// @param to Must outlive this object.
  /// @param bounds The upper bounds of the histogram's buckets, at most 15; must outlive this
  /// object.
  observations(prometheus::Histogram& to, const std::vector<double>& bounds)
      : to_(to), bounds_(bounds) {}

  observations(const observations&) = delete;
  observations& operator=(const observations&) = delete;

  ~observations() { flush(); }

  void add(double value) {
    const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
    ++counts_[static_cast<std::size_t>(bucket)];
    sum_ += value;
    if (++waiting_ == most_waiting)
      flush();
  }

  void flush() {
    if (waiting_ == 0)
      return;
    to_.ObserveMultiple({counts_.begin(), counts_.begin() + bounds_.size() + 1}, sum_);
    counts_.fill(0);
    sum_ = 0;
    waiting_ = 0;
  }

private:
  prometheus::Histogram& to_;
  const std::vector<double>& bounds_;
  std::array<std::uint8_t, 16> counts_{};
  unsigned waiting_ = 0;
  double sum_ = 0;
};

} // namespace nekod
