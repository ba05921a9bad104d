#pragma once

#include <chrono>
#include <cstdint>

namespace nekod {

/// A time in seconds since the epoch.
inline std::int64_t in_unix_time(std::chrono::system_clock::time_point t) {
  return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count();
}

/// The time now, in seconds since the epoch.
inline std::int64_t unix_time() { return in_unix_time(std::chrono::system_clock::now()); }

} // namespace nekod
