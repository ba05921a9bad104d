#include "actors/upstream/circuit.hpp"

#include <doctest/doctest.h>

#include <memory>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

struct fixture {
  fixture() {
    circuit_options o;
    o.failures = 3;
    o.rest = 5s;
    o.longest_rest = 15s;
    line = std::make_unique<circuit>(o);
  }

  void fail(int times) {
    for (int i = 0; i < times; ++i)
      line->failed(now);
  }

  bool lets_through() { return !line->refuses(now); }

  std::unique_ptr<circuit> line;
  circuit::clock::time_point now = circuit::clock::now();
};

} // namespace

TEST_CASE_FIXTURE(fixture, "failures in a row open a circuit, scattered ones do not") {
  fail(2);
  line->succeeded();
  fail(2);
  CHECK(lets_through());
  CHECK_FALSE(line->is_open(now));
  fail(1);
  CHECK(line->is_open(now));
  CHECK(line->refuses(now) == std::optional<circuit::clock::duration>{5s});
}

TEST_CASE_FIXTURE(fixture, "after its rest an open circuit lets one through for trial") {
  fail(3);
  now += 5s;
  CHECK_FALSE(line->is_open(now)); // Else nobody might come to try.
  CHECK(lets_through());
  CHECK_FALSE(lets_through());
  SUBCASE("and all when it did well") {
    line->succeeded();
    CHECK(lets_through());
    CHECK(lets_through());
  }
  SUBCASE("and rests for longer each time when it did not, up to a limit") {
    for (auto rest : {10s, 15s, 15s}) {
      line->failed(now);
      CHECK(line->refuses(now) == std::optional<circuit::clock::duration>{rest});
      now += rest;
      CHECK(lets_through());
    }
  }
  SUBCASE("and another when it told nothing") {
    line->learned_nothing();
    CHECK(lets_through());
    CHECK_FALSE(lets_through());
  }
}

TEST_CASE_FIXTURE(fixture,
                  "failures of calls that were under way when it opened tell nothing new") {
  fail(10);
  CHECK(line->refuses(now) == std::optional<circuit::clock::duration>{5s});
}

TEST_CASE_FIXTURE(fixture, "a trial whose preparations told nothing fails all the same") {
  fail(3);
  now += 5s;
  CHECK(lets_through());
  line->learned_nothing();
  line->failed(now);
  CHECK(line->refuses(now) == std::optional<circuit::clock::duration>{10s});
}

TEST_CASE_FIXTURE(fixture, "a trial that nobody hears of again does not last for ever") {
  fail(3);
  now += 5s;
  CHECK(lets_through());
  now += 59s;
  CHECK_FALSE(lets_through());
  now += 1s;
  CHECK(lets_through());
}

TEST_CASE_FIXTURE(fixture, "an upstream that asks for a rest gets it, and has not failed") {
  line->rest_until(now + 7s);
  CHECK(line->refuses(now) == std::optional<circuit::clock::duration>{7s});
  line->succeeded(); // An answer that began before.
  CHECK_FALSE(lets_through());
  CHECK_FALSE(line->is_open(now));
  now += 7s;
  CHECK(lets_through());
  CHECK(lets_through());
}

TEST_CASE("a circuit may be told to stay closed") {
  circuit_options o;
  o.failures = 0;
  circuit line{o};
  for (int i = 0; i < 100; ++i)
    line.failed(circuit::clock::now());
  CHECK_FALSE(line.refuses(circuit::clock::now()));
}
