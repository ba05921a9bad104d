#pragma once

#include <chrono>
#include <cstdint>

namespace nekod::load {

using clock = std::chrono::steady_clock;

/// The intended starts of the requests of an open loop: at fixed intervals, whatever happens to
/// earlier requests. Several threads take turns.
class schedule {
public:
  /// @param rate Starts per second of all threads together; more than 0.
  /// @param offset The number of this thread, from 0.
  /// @param stride The number of threads.
  schedule(clock::time_point begin, double rate, unsigned offset = 0, unsigned stride = 1)
      : begin_(begin), rate_(rate), offset_(offset), stride_(stride) {}

  /// The intended start of this thread's request *i*, from 0. Computed from the beginning, so that
  /// errors do not add up.
  clock::time_point at(std::uint64_t i) const {
    const auto number = static_cast<double>(i * stride_ + offset_);
    return begin_ + std::chrono::duration_cast<clock::duration>(
                        std::chrono::duration<double>{number / rate_});
  }

  /// The number of this thread's starts, from number *first* on, that are before *end*.
  std::uint64_t count_before(clock::time_point end, std::uint64_t first) const {
    std::uint64_t n = 0;
    while (at(first + n) < end)
      ++n;
    return n;
  }

private:
  clock::time_point begin_;
  double rate_;
  std::uint64_t offset_;
  std::uint64_t stride_;
};

} // namespace nekod::load
