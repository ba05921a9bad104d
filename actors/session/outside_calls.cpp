#include "actors/session/outside_calls.hpp"

namespace nekod {

void outside_calls::as_actor(std::function<void()> step) {
  if (!outside_)
    return step();
  step_ = std::move(step);
  wake_();
}

void outside_calls::catch_up() {
  if (const auto step = std::exchange(step_, nullptr))
    step();
}

} // namespace nekod
