#include "actors/store/postgres/key_order.hpp"
#include "actors/store/session_token.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod;

TEST_CASE("what one token does is done in order, and others do not wait") {
  postgres::key_order<session_token> order;
  std::string done;
  const session_token one{"n", 1};
  const session_token two{"n", 2};
  order.run(one, [&] { done += 'a'; });
  order.run(one, [&] { done += 'b'; });
  order.run(two, [&] { done += 'c'; });
  CHECK(done == "ac");
  order.done(one);
  CHECK(done == "acb");
  CHECK(order.has(one));
  order.done(one);
  CHECK_FALSE(order.has(one));
  CHECK(order.has(two));
  order.run(one, [&] { done += 'd'; });
  CHECK(done == "acbd");
}
