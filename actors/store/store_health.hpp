#pragma once

#include <atomic>

namespace nekod {

/// How the store stands. Written by the store, read by the registry on another thread.
struct store_health {
  /// Whether the last write and the last read did well.
  std::atomic<bool> works{true};
  /// Whether its file is where it was opened. Where it is not, turns are refused unheard.
  std::atomic<bool> in_place{true};
};

} // namespace nekod
