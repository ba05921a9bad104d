#pragma once

#include <chrono>
#include <functional>
#include <utility>

namespace nekod {

/// The waits of a start between attempts to reach what it needs: longer each time, up to a limit.
/// Feeds the watchdog meanwhile. Blocks.
class start_wait {
public:
  /// @param told_to_end Asked several times a second.
  explicit start_wait(std::function<bool()> told_to_end) : told_to_end_(std::move(told_to_end)) {}

  /// Waits once.
  /// @returns false, at once, if the program is told to end.
  bool wait();

private:
  std::function<bool()> told_to_end_;
  std::chrono::milliseconds next_{250};
};

} // namespace nekod
