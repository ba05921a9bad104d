#pragma once

#include "actors/messages.hpp"

#include <caf/actor_cast.hpp>
#include <caf/fwd.hpp>

namespace nekod {

/// Spawns the reply of a turn whose answer is kept, for the registry and the session. It hands on
/// what it hears. The turn is given up when it ends, wherever the turn is.
reply_actor spawn_turn_proxy(caf::actor_system& system, kept_answer_actor whom);

} // namespace nekod
