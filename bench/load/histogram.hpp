#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nekod::load {

/// A summary of recorded times.
struct summary {
  std::uint64_t count = 0;
  std::chrono::nanoseconds mean{};
  std::chrono::nanoseconds least{};
  std::chrono::nanoseconds p50{};
  std::chrono::nanoseconds p90{};
  std::chrono::nanoseconds p99{};
  std::chrono::nanoseconds p999{};
  std::chrono::nanoseconds most{};
};

/// Counts times in the layout of Gil Tene's HDR histogram: three significant digits from a
/// nanosecond to more than an hour, at a cost that does not depend on the number of records.
class histogram {
public:
  histogram();

  /// Negative times count as zero, and times beyond the range as its end.
  void record(std::chrono::nanoseconds time, std::uint64_t times = 1);

  void merge(const histogram& other);

  std::uint64_t count() const noexcept { return count_; }

  /// The time that *percent* of all records do not exceed; zero without records.
  std::chrono::nanoseconds percentile(double percent) const;

  summary summarise() const;

private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t least_ = ~std::uint64_t{0};
  std::uint64_t most_ = 0;
  double sum_ = 0;
};

} // namespace nekod::load
