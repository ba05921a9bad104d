#pragma once

#include "actors/store/moving/movable_store.hpp"

#include <memory>
#include <string>

namespace nekod::moving {

/// The sessions in a file of SQLite, which is locked meanwhile. One that is read is brought up to
/// date if it is older, and stays as it is otherwise.
/// @throws store_error
std::unique_ptr<movable_store> open_moved_file(const std::string& file, purpose p);

} // namespace nekod::moving
