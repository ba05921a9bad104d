#pragma once

#include "actors/messages.hpp"

namespace nekod {

/// A KEPT ANSWER with its messages to itself. Only parts of it have such a handle; all others know
/// `kept_answer_actor`.
using private_kept_answer_actor = kept_answer_actor::extend<
    // Time to try again to store the end.
    caf::reacts_to<atom::flush>,
    // The turn has waited for as long as it may.
    caf::reacts_to<atom::late>>;

} // namespace nekod
