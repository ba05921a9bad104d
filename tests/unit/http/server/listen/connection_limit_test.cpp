#include "http/server/listen/connection_limit.hpp"

#include <doctest/doctest.h>

using namespace nekod::http;

TEST_CASE("there are as many connections as wanted if descriptors suffice") {
  CHECK(connection_limit({16'000, 10'000, false, 0}, 1'000'000) == 16'000);
  CHECK(connection_limit({16'000, 10'000, true, 128}, 1'000'000) == 16'000);
}

TEST_CASE("with few descriptors, half of them are for connections, to clients and upstream") {
  CHECK(connection_limit({16'000, 10'000, false, 0}, 1024) == 256);
  CHECK(connection_limit({16'000, 10'000, true, 0}, 1024) == 170);
  CHECK(connection_limit({16'000, 10'000, false, 128}, 1024 + 256) == 320);
}

TEST_CASE("each possible stream takes a descriptor for its upstream connection") {
  // All connections may stream.
  CHECK(connection_limit({16'000, 10'000, false, 0}, 2256) == 1000);
  CHECK(connection_limit({16'000, 10'000, true, 0}, 3256) == 1000);
  // At most 100 of them may.
  CHECK(connection_limit({16'000, 100, false, 0}, 2256) == 1900);
  CHECK(connection_limit({16'000, 100, true, 0}, 2256) == 950);
  CHECK(connection_limit({16'000, 100, false, 100}, 2256) == 1700);
}
