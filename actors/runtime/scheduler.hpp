#pragma once

#include "actors/runtime/event_loops.hpp"

#include <caf/actor_system_config.hpp>

namespace nekod {

/// The most messages that an actor handles before other actors get their turn.
inline constexpr std::size_t messages_per_turn = 50;

/// Makes the actor system of *config* run its actors on *loops*, each where it was woken, so that a
/// hop from a socket to its actor costs a push to a queue and wakes no other thread.
///
/// The owner of the loops runs them until `await_all_actors_done` returns, and stops them before
/// the system is destroyed: CAF's remaining work then runs inside the destructor.
void run_actors_on(event_loops& loops, caf::actor_system_config& config);

} // namespace nekod
