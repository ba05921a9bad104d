#pragma once

#include <chrono>
#include <cstdint>

namespace nekod::load {

using clock = std::chrono::steady_clock;

/// When the requests of an open loop are meant to start: at fixed intervals, whatever becomes of
/// the ones before. Several threads take turns.
class schedule {
public:
  /// @param rate Starts a second of all threads together; more than 0.
  /// @param offset Which of the threads this is, from 0.
  /// @param stride How many there are.
  schedule(clock::time_point begin, double rate, unsigned offset = 0, unsigned stride = 1)
      : begin_(begin), rate_(rate), offset_(offset), stride_(stride) {}

  /// The intended start of this thread's request *i*, from 0. Computed from the beginning, so that
  /// no error adds up.
  clock::time_point at(std::uint64_t i) const {
    const auto place = static_cast<double>(i * stride_ + offset_);
    return begin_ + std::chrono::duration_cast<clock::duration>(
                        std::chrono::duration<double>{place / rate_});
  }

  /// How many of this thread's starts, from the *first* one on, lie before *end*.
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
