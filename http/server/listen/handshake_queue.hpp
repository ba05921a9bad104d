#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

namespace nekod::http {

/// The running handshakes, up to a limit. Beyond it, a new one replaces the oldest: clients that
/// connect and send nothing do not lock others out. Thread-safe.
class handshake_queue {
public:
  explicit handshake_queue(std::size_t limit) : limit_(limit) {}

  /// @param give_way Called at most once, when another handshake takes this place; must not block
  /// or call this queue.
  /// @returns the place, for `leave`.
  std::uint64_t enter(std::function<void()> give_way) {
    std::function<void()> oldest;
    std::lock_guard guard{mutex_};
    if (running_.size() >= limit_ && !running_.empty()) {
      oldest = std::move(running_.begin()->second);
      running_.erase(running_.begin());
    }
    running_.emplace(++last_, std::move(give_way));
    if (oldest)
      oldest();
    return last_;
  }

  void leave(std::uint64_t place) {
    std::lock_guard guard{mutex_};
    running_.erase(place);
  }

private:
  const std::size_t limit_;
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  /// By age.
  std::map<std::uint64_t, std::function<void()>> running_;
};

} // namespace nekod::http
