#pragma once

#include "actors/messages.hpp"

namespace nekod {

/// A REGISTRY with its messages to itself, which its queries for models and its timers send. Only
/// parts of the registry have such a handle; all others know `registry_actor`. The values of these
/// messages stand in the lists of `messages.hpp`, as CAF numbers them all in one sequence.
using private_registry_actor = registry_actor::extend<
    // An upstream's models.
    caf::reacts_to<models_answer>,
    // Turns have waited a second for models.
    caf::reacts_to<atom::refresh>>;

} // namespace nekod
