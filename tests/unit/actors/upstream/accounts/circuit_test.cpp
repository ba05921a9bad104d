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
    breaker = std::make_unique<circuit>(o);
  }

  void fail(int times = 1) {
    for (int i = 0; i < times; ++i)
      breaker->failed(now, now);
  }

  /// A probe is due after *after* and not before, and ends with *well*.
  void probe(std::chrono::milliseconds after, bool well) {
    CHECK(breaker->time_to_probe(now) == wait{after});
    now += after - 1ms;
    CHECK_FALSE(breaker->take_probe(now));
    now += 1ms;
    CHECK(breaker->take_probe(now));
    breaker->probed(well, now);
  }

  std::unique_ptr<circuit> breaker;
  circuit::clock::time_point now = circuit::clock::now();
};

} // namespace

TEST_CASE_FIXTURE(fixture, "consecutive failures open a circuit breaker, scattered ones do not") {
  fail(2);
  breaker->succeeded();
  fail(2);
  breaker->answered(); // An error of its own shows that it is alive.
  fail(2);
  CHECK(breaker->try_admit(now));
  CHECK(breaker->now_in() == phase::closed);
  fail();
  CHECK(breaker->now_in() == phase::open);
  CHECK_FALSE(breaker->try_admit(now));
}

TEST_CASE_FIXTURE(fixture,
                  "an open one is probed until that succeeds, then one turn is let through") {
  fail(3);
  for (int i = 0; i < 12; ++i)
    probe(5s, false);
  CHECK_FALSE(breaker->try_admit(now));
  probe(5s, true);
  CHECK(breaker->now_in() == phase::half_open);
  CHECK(breaker->time_to_probe(now) == wait{});
  CHECK(breaker->try_admit(now));
  CHECK_FALSE(breaker->try_admit(now));
  SUBCASE("and all turns once that has succeeded") {
    breaker->succeeded();
    CHECK(breaker->now_in() == phase::closed);
    CHECK(breaker->try_admit(now));
    CHECK(breaker->try_admit(now));
  }
  SUBCASE("and another one if it decided nothing") {
    breaker->learned_nothing();
    CHECK(breaker->try_admit(now));
    CHECK_FALSE(breaker->try_admit(now));
  }
  SUBCASE("and another one after a minute, whatever happened to it") {
    now += 59s;
    CHECK_FALSE(breaker->try_admit(now));
    now += 1s;
    CHECK(breaker->try_admit(now));
  }
}

TEST_CASE_FIXTURE(fixture,
                  "a failed trial opens it again, with longer times between probes, up to 15 s") {
  fail(3);
  probe(5s, true);
  for (auto interval : {10s, 15s, 15s}) {
    CHECK(breaker->try_admit(now));
    fail();
    CHECK(breaker->now_in() == phase::open);
    probe(interval, true);
  }
  breaker->succeeded();
  fail(3);
  probe(5s, true); // Nothing remains of the time before.
}

TEST_CASE_FIXTURE(fixture, "no probe is delayed for longer than 15 s") {
  make(1h);
  fail(3);
  CHECK(breaker->time_to_probe(now) == wait{15s});
}

TEST_CASE_FIXTURE(fixture, "calls from before a successful probe do not open it again") {
  const auto begun = now;
  fail(3);
  probe(5s, true);
  breaker->failed(now, begun);
  CHECK(breaker->now_in() == phase::half_open);
}

TEST_CASE_FIXTURE(fixture, "a successful turn closes it, whoever let it through") {
  fail(3);
  breaker->succeeded();
  CHECK(breaker->try_admit(now));
  CHECK(breaker->time_to_probe(now) == wait{});
}

TEST_CASE_FIXTURE(fixture, "it reports each time that it opens, and only then") {
  int told = 0;
  breaker->on_open([&] { ++told; });
  fail(10);
  CHECK(told == 1);
  probe(5s, true);
  fail();
  CHECK(told == 2);
}

TEST_CASE_FIXTURE(fixture, "an upstream that asks for a rest gets it, and has not failed") {
  breaker->rest_until(now + 7s);
  CHECK_FALSE(breaker->try_admit(now));
  CHECK(breaker->rest(now) == 7s);
  breaker->succeeded(); // An answer to a call that began before.
  CHECK_FALSE(breaker->try_admit(now));
  CHECK(breaker->now_in() == phase::closed);
  now += 7s;
  CHECK(breaker->try_admit(now));
  CHECK(breaker->try_admit(now));
}

TEST_CASE("a circuit breaker can be set to stay closed") {
  circuit_options o;
  o.failures = 0;
  circuit breaker{o};
  const auto now = circuit::clock::now();
  for (int i = 0; i < 100; ++i)
    breaker.failed(now, now);
  CHECK(breaker.try_admit(now));
}

TEST_CASE_FIXTURE(fixture, "it tells for how long it has not been closed") {
  CHECK_FALSE(breaker->since_change(now));
  fail(3);
  now += 5s;
  CHECK(breaker->since_change(now) == wait{5s});
  CHECK(breaker->take_probe(now));
  breaker->probed(true, now);
  now += 1s;
  fail(); // The trial fails: it was never closed between.
  CHECK(breaker->now_in() == phase::open);
  CHECK(breaker->since_change(now) == wait{6s});
  breaker->succeeded();
  CHECK(*breaker->since_change(circuit::clock::now()) < 1min);
  CHECK(breaker->since_change(circuit::clock::now() + 1h) >= wait{1h});
}
