#pragma once

#include <algorithm>
#include <cstddef>

namespace nekod {

/// How `--stream-buffer` is divided among the places where an answer waits for a slow client, so
/// that in all they take little more. What libcurl reads at a time comes on top where the buffer is
/// small: with less than 16 KiB, a frame of HTTP/2, libcurl 7.88 mixes up streams, and crashes.
struct stream_shares {
  explicit constexpr stream_shares(std::size_t buffer)
      : window(buffer / 4), write(std::min(buffer / 8, most_at_a_time)) {}

  /// Bytes of the upstream's answer that are taken in. Each costs up to two in memory: as text that
  /// waits, and in what its session keeps of the answer.
  std::size_t window;
  /// Bytes of events that are written at a time.
  std::size_t write;

private:
  /// More at a time makes nothing faster.
  static constexpr std::size_t most_at_a_time = 32u << 10;
};

} // namespace nekod
