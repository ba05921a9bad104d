#include "actors/store/session_leases.hpp"

#include <doctest/doctest.h>

using namespace nekod;

TEST_CASE("one token holds a session, and a token holds one session") {
  const session_token one{"node", 1};
  const session_token two{"node", 2};
  const session_key a{"tenant", "a"};
  const session_key b{"tenant", "b"};
  session_leases leases;
  leases.take(a, one);
  CHECK(leases.holds(one, a));
  leases.take(a, two);
  CHECK_FALSE(leases.holds(one, a));
  CHECK(leases.holds(two, a));
  leases.release(one); // It holds nothing.
  CHECK(leases.is_held(a));
  leases.take(b, two);
  CHECK_FALSE(leases.is_held(a));
  CHECK(leases.holds(two, b));
  leases.drop(b);
  CHECK_FALSE(leases.is_held(b));
  CHECK_FALSE(leases.holds(two, b));
  leases.take(b, two);
  leases.release(two);
  CHECK_FALSE(leases.is_held(b));
}
