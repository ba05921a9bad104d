#include "actors/runtime/node_hold.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

const boot_clock::time_point start{100s};

} // namespace

TEST_CASE("what is taken is held while the store hears of the node in time") {
  node_hold hold;
  // Taken before the answer to the first renewal.
  const auto period = hold.period();
  CHECK(hold.lasts(period, start));
  hold.renewed(start, 10s, start);
  CHECK(hold.lasts(period, start + 10s));
  CHECK(!hold.lasts(period, start + 11s));
  hold.renewed(start + 5s, 10s, start + 6s);
  CHECK(hold.lasts(period, start + 15s));
}

TEST_CASE("after a lapse nothing that was taken before it is held again") {
  node_hold hold;
  hold.renewed(start, 10s, start);
  const auto before = hold.period();
  hold.renewed(start + 11s, 10s, start + 11s);
  CHECK(!hold.lasts(before, start + 12s));
  CHECK(hold.lasts(hold.period(), start + 12s));
}

TEST_CASE("a renewal that was sent in time and answered late may have come too late") {
  node_hold hold;
  hold.renewed(start, 10s, start);
  const auto before = hold.period();
  hold.renewed(start + 9s, 10s, start + 12s);
  CHECK(!hold.lasts(before, start + 12s));
  // It counts from when it was sent.
  CHECK(!hold.lasts(hold.period(), start + 20s));
}

TEST_CASE("the clock counts on") {
  const auto now = boot_clock::now();
  CHECK(boot_clock::now() >= now);
}
