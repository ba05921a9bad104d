#pragma once

#include <exception>
#include <functional>
#include <utility>

namespace nekod {

/// Calls from outside of an actor, on its event loop, while the actor does not run.
///
/// The bytes of an answer reach a session in this way. Nothing of CAF may be used in such a call.
/// If the call leads to a step that needs the actor, the step waits here until the actor runs.
/// Pure.
class outside_calls {
public:
  /// @param wake Makes the actor call `catch_up` soon. Called from outside of the actor.
  explicit outside_calls(std::function<void()> wake) : wake_(std::move(wake)) {}

  /// Makes a call.
  /// @returns false if *f* threw an exception. CAF does not see it, so the caller has to end the
  /// actor.
  template <class F>
  bool make(F f) {
    outside_ = true;
    auto succeeded = true;
    try {
      f();
    } catch (const std::exception&) {
      succeeded = false;
    }
    outside_ = false;
    return succeeded;
  }

  /// Takes a step that needs the actor: at once if the actor runs, else as soon as it does. One
  /// step can wait; another replaces it.
  void as_actor(std::function<void()> step);

  /// Takes the step that waits, if any. Within the actor.
  void catch_up();

  /// Whether a step waits.
  bool waits() const noexcept { return step_ != nullptr; }

  /// Drops the step that waits, if any.
  void drop() { step_ = nullptr; }

private:
  std::function<void()> wake_;
  bool outside_ = false;
  std::function<void()> step_;
};

} // namespace nekod
