#pragma once

#include "actors/runtime/event_loops.hpp"

#include <caf/actor_system_config.hpp>

namespace nekod {

/// Messages that an actor may handle before its neighbours have their turn.
inline constexpr std::size_t messages_per_turn = 50;

/// Has the actor system made from *config* run its actors on *loops*, each where it was woken, so
/// that a hop from a socket to its actor costs a push to a queue and wakes no other thread.
///
/// Whoever owns the loops runs them until `await_all_actors_done` returned, and stops them before
/// the system is destroyed: what CAF itself has left to do then runs inside the destructor.
void run_actors_on(event_loops& loops, caf::actor_system_config& config);

} // namespace nekod
