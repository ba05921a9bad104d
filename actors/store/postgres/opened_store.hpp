#pragma once

#include "actors/runtime/event_loops.hpp"
#include "actors/store/postgres/store_options.hpp"
#include "actors/store/session_store.hpp"

#include <memory>

namespace nekod {

/// A store in a database, whose schema is brought up to date if that is allowed.
/// @param loops Run for as long as the store's actor.
/// @throws store_error
std::unique_ptr<session_store> open_postgres_store(postgres_store_options options,
                                                   event_loops& loops);

} // namespace nekod
