#pragma once

#include "actors/messages.hpp"

#include <cstdint>

namespace nekod {

/// A SESSION with its messages to itself, which its transfers and timers send. Only parts of the
/// session have such a handle; all others know `session_actor`.
///
/// The atoms and values of these messages stand in the lists of `messages.hpp`: CAF numbers the
/// types of all messages in one sequence. The interface itself needs no number, since no message
/// carries such a handle.
using private_session_actor = session_actor::extend<
    // An event of a transfer, for the conversation at the upstream with that number.
    caf::reacts_to<transfer_event, std::uint64_t>,
    // A call from outside of the actor left it something to do.
    caf::reacts_to<atom::wake>,
    // A time is over. It was asked for under the first number by the conversation at the upstream
    // with the second number.
    caf::reacts_to<atom::wake, std::uint64_t, std::uint64_t>,
    // Time to look whether the session had no turns for long.
    caf::reacts_to<atom::idle>,
    // The client that left as the one with that number has had its time to come back.
    caf::reacts_to<atom::abandon, std::uint64_t>>;

} // namespace nekod
