#pragma once

#include <atomic>

namespace nekod {

/// The state of the store. Written by the store, read by the registry on another thread.
struct store_health {
  /// Whether the last write and the last read succeeded.
  std::atomic<bool> works{true};
  /// Whether its file is where it was opened. If not, turns are refused without asking the store.
  std::atomic<bool> in_place{true};
  /// Whether several nodes share it. Set once, before others read it.
  bool shared = false;
};

} // namespace nekod
