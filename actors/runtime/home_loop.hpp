#pragma once

#include "actors/runtime/event_loops.hpp"

#include <cstddef>
#include <functional>
#include <optional>

namespace nekod {

/// The event loop that something lives on. All that lives on one loop shares its thread, so that
/// one may call the other without a lock and without a message.
///
/// A default-constructed one stands for a program of one thread: every call is on it.
class home_loop {
public:
  home_loop() = default;
  /// @param loops Must outlive all that lives on them.
  home_loop(event_loops& loops, std::size_t index) : loops_(&loops), index_(index) {}

  /// Whether the calling thread runs this loop.
  bool is_here() const noexcept { return !loops_ || loops_->runs(index_); }

  /// Runs *f* on this loop: now where the calling thread runs it, else soon.
  void run(std::function<void()> f) const;

  /// The loop's number; nothing where any loop will do.
  std::optional<std::size_t> index() const noexcept {
    return loops_ ? std::optional{index_} : std::nullopt;
  }

private:
  event_loops* loops_ = nullptr;
  std::size_t index_ = 0;
};

/// What an actor derives from that is always run on one loop; the scheduler goes by it.
class loop_bound {
public:
  explicit loop_bound(home_loop home) : home_(home) {}
  loop_bound(const loop_bound&) = delete;
  loop_bound& operator=(const loop_bound&) = delete;
  virtual ~loop_bound() = default;

  const home_loop& home() const noexcept { return home_; }

private:
  home_loop home_;
};

} // namespace nekod
