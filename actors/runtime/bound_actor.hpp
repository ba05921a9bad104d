#pragma once

#include "actors/runtime/home_loop.hpp"

#include <caf/actor_config.hpp>
#include <caf/stateful_actor.hpp>

#include <functional>
#include <tuple>
#include <utility>

namespace nekod {

/// A stateful actor with the interface of *Handle* that always runs on one event loop.
template <class Handle, class State>
class bound_actor : public Handle::template stateful_base<State>, public loop_bound {
public:
  using super = typename Handle::template stateful_base<State>;
  using behavior = typename Handle::behavior_type;

  /// @param init Makes the behaviour, like a function that is spawned.
  bound_actor(caf::actor_config& config, home_loop home, std::function<behavior(super*)> init)
      : super(config), loop_bound(home), init_(std::move(init)) {}

protected:
  behavior make_behavior() override { return std::exchange(init_, nullptr)(this); }

private:
  std::function<behavior(super*)> init_;
};

/// Spawns an actor that always runs on *home*.
/// @param host A system, or the spawning actor.
/// @param f As for `spawn`: gets the pointer to the actor, and *args*.
template <class Handle, class State, class Host, class F, class... Ts>
Handle spawn_bound(Host& host, home_loop home, F f, Ts... args) {
  using actor = bound_actor<Handle, State>;
  return host.template spawn<actor>(
      home, [f, args = std::tuple{std::move(args)...}](typename actor::super* self) mutable {
        return std::apply([&](auto&... a) { return f(self, std::move(a)...); }, args);
      });
}

} // namespace nekod
