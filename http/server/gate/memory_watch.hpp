#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>

namespace nekod::http {

/// How much memory this process takes, for whoever asks often. May be used by several threads at
/// once.
class memory_watch {
public:
  /// Bytes that are resident, as the system said within the last tenth of a second; 0 where it does
  /// not say.
  std::size_t resident();

private:
  using clock = std::chrono::steady_clock;

  std::atomic<std::size_t> bytes_{0};
  std::atomic<clock::time_point> looked_{};
};

} // namespace nekod::http
