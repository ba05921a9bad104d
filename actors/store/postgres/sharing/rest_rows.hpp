#pragma once

#include "actors/store/postgres/link.hpp"
#include "actors/store/postgres/result.hpp"
#include "actors/upstream/accounts/shared_rest.hpp"

#include <chrono>
#include <vector>

/// Rests of accounts as queries and rows. Queries have neither an end nor a handler yet. Pure.
namespace nekod::postgres {

/// Tells all nodes of a rest.
query rest_query(const shared_rest& r, std::chrono::steady_clock::time_point now);

/// Asks for the rests that have not ended.
query rests_query();

/// @param asked When the database was asked: no rest ends later than it says.
std::vector<shared_rest> rests_of(const rows& found, std::chrono::steady_clock::time_point asked);

} // namespace nekod::postgres
