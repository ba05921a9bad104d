#pragma once

#include <algorithm>
#include <cstddef>

namespace nekod {

/// The division of `--stream-buffer` among the places where an answer waits for a slow client, so
/// that together they use little more than that. If the buffer is small, libcurl's reads come on
/// top: with less than 16 KiB, a frame of HTTP/2, libcurl 7.88 mixes up streams and crashes.
struct stream_shares {
  explicit constexpr stream_shares(std::size_t buffer)
      : window(buffer / 4), write(std::min(buffer / 8, most_at_a_time)) {}

  /// Bytes of the upstream's answer that are taken in. Each may use up to two bytes of memory: as
  /// waiting text, and in what its session keeps of the answer.
  std::size_t window;
  /// Bytes of events per write.
  std::size_t write;

private:
  /// Larger writes are not faster.
  static constexpr std::size_t most_at_a_time = 32u << 10;
};

} // namespace nekod
