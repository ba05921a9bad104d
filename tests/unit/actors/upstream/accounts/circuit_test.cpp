#include "actors/upstream/accounts/circuit.hpp"

#include <doctest/doctest.h>

#include <memory>

using namespace nekod;
using namespace std::chrono_literals;
using phase = circuit::phase;
using wait = std::optional<circuit::clock::duration>;

namespace {

struct fixture {
  fixture() { make(5s); }

  void make(std::chrono::milliseconds interval) {
    circuit_options o;
    o.failures = 3;
    o.probe_interval = interval;
    line = std::make_unique<circuit>(o);
  }

  void fail(int times = 1) {
    for (int i = 0; i < times; ++i)
      line->failed(now, now);
  }

  /// A probe is due after *after* and not before, and ends so.
  void probe(std::chrono::milliseconds after, bool well) {
    CHECK(line->time_to_probe(now) == wait{after});
    now += after - 1ms;
    CHECK_FALSE(line->wants_probe(now));
    now += 1ms;
    CHECK(line->wants_probe(now));
    line->probed(well, now);
  }

  std::unique_ptr<circuit> line;
  circuit::clock::time_point now = circuit::clock::now();
};

} // namespace

TEST_CASE_FIXTURE(fixture, "failures in a row open a circuit breaker, scattered ones do not") {
  fail(2);
  line->succeeded();
  fail(2);
  line->answered(); // An error of its own shows that it is alive.
  fail(2);
  CHECK(line->admits(now));
  CHECK(line->now_in() == phase::closed);
  fail();
  CHECK(line->now_in() == phase::open);
  CHECK_FALSE(line->admits(now));
}

TEST_CASE_FIXTURE(fixture,
                  "an open one is probed until that goes well, then one turn is let through") {
  fail(3);
  for (int i = 0; i < 12; ++i)
    probe(5s, false);
  CHECK_FALSE(line->admits(now));
  probe(5s, true);
  CHECK(line->now_in() == phase::half_open);
  CHECK(line->time_to_probe(now) == wait{});
  CHECK(line->admits(now));
  CHECK_FALSE(line->admits(now));
  SUBCASE("and all once that did well") {
    line->succeeded();
    CHECK(line->now_in() == phase::closed);
    CHECK(line->admits(now));
    CHECK(line->admits(now));
  }
  SUBCASE("and another where it told nothing") {
    line->learned_nothing();
    CHECK(line->admits(now));
    CHECK_FALSE(line->admits(now));
  }
  SUBCASE("and another after a minute, whatever became of it") {
    now += 59s;
    CHECK_FALSE(line->admits(now));
    now += 1s;
    CHECK(line->admits(now));
  }
}

TEST_CASE_FIXTURE(fixture,
                  "a trial that fails opens it again, to be probed later each time, up to 15 s") {
  fail(3);
  probe(5s, true);
  for (auto interval : {10s, 15s, 15s}) {
    CHECK(line->admits(now));
    fail();
    CHECK(line->now_in() == phase::open);
    probe(interval, true);
  }
  line->succeeded();
  fail(3);
  probe(5s, true); // Not a word of what was before.
}

TEST_CASE_FIXTURE(fixture, "no probe is put off for longer than 15 s") {
  make(1h);
  fail(3);
  CHECK(line->time_to_probe(now) == wait{15s});
}

TEST_CASE_FIXTURE(fixture, "calls that were under way before a good probe do not open it again") {
  const auto begun = now;
  fail(3);
  probe(5s, true);
  line->failed(now, begun);
  CHECK(line->now_in() == phase::half_open);
}

TEST_CASE_FIXTURE(fixture, "a turn that goes well closes it, whoever let it through") {
  fail(3);
  line->succeeded();
  CHECK(line->admits(now));
  CHECK(line->time_to_probe(now) == wait{});
}

TEST_CASE_FIXTURE(fixture, "it tells each time that it opens, and not more often") {
  int told = 0;
  line->on_open([&] { ++told; });
  fail(10);
  CHECK(told == 1);
  probe(5s, true);
  fail();
  CHECK(told == 2);
}

TEST_CASE_FIXTURE(fixture, "an upstream that asks for a rest gets it, and has not failed") {
  line->rest_until(now + 7s);
  CHECK_FALSE(line->admits(now));
  CHECK(line->rest(now) == 7s);
  line->succeeded(); // An answer that began before.
  CHECK_FALSE(line->admits(now));
  CHECK(line->now_in() == phase::closed);
  now += 7s;
  CHECK(line->admits(now));
  CHECK(line->admits(now));
}

TEST_CASE("a circuit breaker may be told to stay closed") {
  circuit_options o;
  o.failures = 0;
  circuit line{o};
  const auto now = circuit::clock::now();
  for (int i = 0; i < 100; ++i)
    line.failed(now, now);
  CHECK(line.admits(now));
}
