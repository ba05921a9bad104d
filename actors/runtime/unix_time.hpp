#pragma once

#include <chrono>
#include <cstdint>

namespace nekod {

/// The time now, in seconds since the epoch.
inline std::int64_t unix_time() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

} // namespace nekod
