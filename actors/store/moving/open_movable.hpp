#pragma once

#include "actors/store/moving/movable_store.hpp"

#include <memory>
#include <string>

namespace nekod::moving {

/// Opens a store by its address, as in `--store`. One that is read has to be there already; one
/// that is filled is made. A file must not be in use by a nekod; a database may be.
/// @throws store_error
std::unique_ptr<movable_store> open_movable(const std::string& address, purpose p);

} // namespace nekod::moving
