#pragma once

#include "actors/store/moving/movable_store.hpp"

#include <memory>
#include <string>

namespace nekod::moving {

/// The sessions in a PostgreSQL database, which nekods may use meanwhile: what is read is the state
/// of one moment, and what is added is there for them at once. For another key there must be none,
/// since they would go on with the old one.
/// @throws store_error
std::unique_ptr<movable_store> open_moved_database(const std::string& address, purpose p);

} // namespace nekod::moving
