#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace nekod::http {

/// The room for bytes of a body that its reader has not processed yet. When it is used up, the
/// transfer pauses until the reader grants more. The reader may be on any thread; the transfer's
/// functions are called on its lane.
class receive_window {
public:
  explicit receive_window(std::size_t size) : room_(static_cast<std::int64_t>(size)) {}

  // The reader's functions:

  /// Adds room.
  /// @returns whether the transfer is paused and has to be resumed.
  bool grant(std::size_t bytes) noexcept {
    room_ += static_cast<std::int64_t>(bytes);
    return room_ > 0 && paused_;
  }

  void take_back(std::size_t bytes) noexcept { room_ -= static_cast<std::int64_t>(bytes); }

  // The transfer's functions:

  /// The number of bytes that there is room for; negative if bytes had to be taken without room.
  std::int64_t room() const noexcept { return room_; }

  void use(std::size_t bytes) noexcept { room_ -= static_cast<std::int64_t>(bytes); }

  /// Pauses the transfer if there is no room.
  /// @returns whether it is paused now.
  bool pause_if_full() noexcept {
    if (room_ > 0)
      return false;
    paused_ = true;
    // A reader that granted room before it could see the pause did not resume the transfer.
    if (room_ > 0)
      paused_ = false;
    return paused_;
  }

  bool is_paused() const noexcept { return paused_; }

  void resume() noexcept { paused_ = false; }

private:
  std::atomic<std::int64_t> room_;
  std::atomic<bool> paused_{false};
};

} // namespace nekod::http
