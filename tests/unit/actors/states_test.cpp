#include "actors/registry/registry.hpp"
#include "actors/session/session.hpp"
#include "actors/store/memory_store.hpp"
#include "actors/store/sqlite/sqlite_store.hpp"
#include "http/server/api/answer/reply.hpp"

#include <doctest/doctest.h>

#include <type_traits>

// If it can, CAF 0.17 constructs a state from the actor's pointer. In C++20 it can for every
// aggregate, and sets its first member to a wrong value.
TEST_CASE("no actor's state is an aggregate") {
  CHECK_FALSE(std::is_aggregate_v<nekod::memory_store_state>);
  CHECK_FALSE(std::is_aggregate_v<nekod::registry_state>);
  CHECK_FALSE(std::is_aggregate_v<nekod::session_state>);
  CHECK_FALSE(std::is_aggregate_v<nekod::sqlite_store_state>);
  CHECK_FALSE(std::is_aggregate_v<nekod::http::reply_state>);
}
