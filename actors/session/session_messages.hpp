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
    // A step of a call from outside of the actor waits for the actor.
    caf::reacts_to<atom::wake>,
    // The timer with the first number has fired, for the upstream conversation with the second
    // number.
    caf::reacts_to<atom::timer, std::uint64_t, std::uint64_t>,
    // Time to check whether the session has been idle.
    caf::reacts_to<atom::idle>,
    // The client with that absence number did not come back in time.
    caf::reacts_to<atom::abandon, std::uint64_t>>;

} // namespace nekod
