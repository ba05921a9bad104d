#pragma once

#include "actors/runtime/event_loops.hpp"

#include <cstddef>
#include <functional>
#include <optional>

namespace nekod {

/// The event loop that an object lives on. Objects on one loop share its thread, so they may call
/// each other without a lock and without a message.
///
/// A default-constructed one stands for a program with one thread: every call is on it.
class home_loop {
public:
  home_loop() = default;
  /// @param loops Must outlive everything that lives on them.
  home_loop(event_loops& loops, std::size_t index) : loops_(&loops), index_(index) {}

  /// Whether the calling thread runs this loop.
  bool is_here() const noexcept { return !loops_ || loops_->runs(index_); }

  /// Runs *f* on this loop: at once if the calling thread runs it, else soon.
  void run(std::function<void()> f) const;

  /// The loop's number; nothing if any loop will do.
  std::optional<std::size_t> index() const noexcept {
    return loops_ ? std::optional{index_} : std::nullopt;
  }

private:
  event_loops* loops_ = nullptr;
  std::size_t index_ = 0;
};

/// The base of actors that always run on one loop; the scheduler uses it.
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
