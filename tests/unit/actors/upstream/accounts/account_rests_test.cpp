#include "actors/upstream/accounts/account_rests.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

struct fixture {
  account_rests rests{300s};
  account_rests::clock::time_point now = account_rests::clock::now();
};

const std::string big = "big";
const std::string small = "small";

} // namespace

TEST_CASE_FIXTURE(fixture, "a limit concerns its model, a refusal the account") {
  rests.limited(big, 7s, now);
  CHECK(rests.left(big, now) == 7s);
  CHECK(rests.left(small, now) == 0s);
  CHECK(rests.left({}, now) == 0s);
  rests.refused({}, now);
  CHECK(rests.left(big, now) == 60s);
  CHECK(rests.left(small, now) == 60s);
  rests.worked(small);
  CHECK(rests.left(big, now) == 7s); // Another model's success does not end it.
  CHECK(rests.left(small, now) == 0s);
}

TEST_CASE_FIXTURE(fixture, "no rest is longer than the longest, or as short as none") {
  rests.limited(big, account_rests::clock::duration::max(), now);
  CHECK(rests.left(big, now) == 300s);
  rests.limited(big, 0s, now);
  CHECK(rests.left(big, now) == 1s);
  rests.refused(24h, now);
  CHECK(rests.left(big, now) == 300s);
}

TEST_CASE_FIXTURE(fixture, "without a time from the upstream each rest is longer, up to a limit") {
  for (auto expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    rests.limited(big, {}, now);
    CHECK(rests.left(big, now) == expected);
    now += expected;
  }
  rests.worked(big);
  rests.limited(big, {}, now);
  CHECK(rests.left(big, now) == 1s);
  for (auto expected : {60s, 120s, 240s, 300s, 300s}) {
    rests.refused({}, now);
    CHECK(rests.left(small, now) == expected);
    now += expected;
  }
}

TEST_CASE_FIXTURE(fixture, "limited models are reported, with the time left") {
  rests.limited(big, 7s, now);
  rests.limited(small, 3s, now);
  now += 3s;
  const auto limits = rests.limits(now);
  REQUIRE(limits.size() == 1);
  CHECK(limits[0].model == big);
  CHECK(limits[0].left == 4s);
}

TEST_CASE_FIXTURE(fixture, "invented names of models take bounded memory") {
  for (int i = 0; i < 10'000; ++i)
    rests.limited("model " + std::to_string(i), 100s, now);
  CHECK(rests.limits(now).size() <= 64);
  CHECK(rests.left("model 9999", now) == 100s);
}

TEST_CASE_FIXTURE(fixture, "whatever happens, no rest is longer than the longest, and each ends") {
  std::mt19937 random{7};
  auto chance = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int step = 0; step < 20'000; ++step) {
    const auto model = "m" + std::to_string(chance(100));
    std::optional<account_rests::clock::duration> told;
    if (chance(2) == 0)
      told = std::chrono::milliseconds{random()};
    switch (chance(4)) {
    case 0:
      rests.limited(model, told, now);
      break;
    case 1:
      rests.refused(told, now);
      break;
    case 2:
      rests.worked(model);
      break;
    default:
      now += std::chrono::milliseconds{chance(100'000)};
    }
    CHECK(rests.left(model, now) <= 300s);
    CHECK(rests.left(model, now + 300s) == 0s);
  }
}
