#include "bench/load/schedule.hpp"

#include <doctest/doctest.h>

using namespace nekod::load;
using namespace std::chrono_literals;

TEST_CASE("starts are at fixed intervals, and errors do not add up") {
  const clock::time_point begin{1h};
  const schedule s{begin, 3};
  CHECK(s.at(0) == begin);
  CHECK(s.at(3) == begin + 1s);
  CHECK(s.at(3 * 86'400) == begin + 24h);
}

TEST_CASE("threads take turns") {
  const clock::time_point begin{};
  const schedule all{begin, 1000};
  const schedule first{begin, 1000, 0, 2};
  const schedule second{begin, 1000, 1, 2};
  for (std::uint64_t i = 0; i < 10; ++i) {
    CHECK(first.at(i) == all.at(2 * i));
    CHECK(second.at(i) == all.at(2 * i + 1));
  }
}

TEST_CASE("the remaining starts before an end are counted") {
  const schedule s{{}, 10};
  CHECK(s.count_before(clock::time_point{1s}, 0) == 10);
  CHECK(s.count_before(clock::time_point{1s}, 7) == 3);
  CHECK(s.count_before(clock::time_point{1s}, 10) == 0);
}
