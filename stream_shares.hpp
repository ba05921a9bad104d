#pragma once

#include <algorithm>
#include <cstddef>

namespace nekod {

/// How `--stream-buffer` is divided among the places where an answer waits for a slow client, so
/// that in all they take no more.
struct stream_shares {
  explicit constexpr stream_shares(std::size_t buffer)
      : window(buffer / 4),
        read(std::min(buffer / 8, most_at_a_time)),
        write(std::min(buffer / 8, most_at_a_time)) {}

  /// Bytes of the upstream's answer that are taken in. Each costs up to two in memory: as text that
  /// waits, and in what its session keeps of the answer.
  std::size_t window;
  /// Bytes that are read at a time: so far the window may be overrun, and so much lies at the
  /// upstream's connection while it waits.
  std::size_t read;
  /// Bytes of events that are written at a time.
  std::size_t write;

private:
  /// More at a time makes nothing faster.
  static constexpr std::size_t most_at_a_time = 32u << 10;
};

} // namespace nekod
