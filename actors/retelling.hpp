#pragma once

#include "actors/messages.hpp"
#include "actors/turn.hpp"

#include <string>

namespace nekod {

/// Asks the registry again for a turn, with the history that its request has left out: the session
/// that was to have it has gone on, has left, or has another prompt. The turn's reply, its identity
/// for clients and its recorder stay. Without the history, the reply hears why.
/// @param t Has left something out.
void ask_with_history(turn t, std::string tenant, reply_actor reply, registry_actor registry);

/// Asks the registry for the turn of a request that was taken for a repetition of another client's,
/// and is none: it gets a session of its own.
void ask_anew(turn t, std::string tenant, reply_actor reply, const registry_actor& registry);

} // namespace nekod
