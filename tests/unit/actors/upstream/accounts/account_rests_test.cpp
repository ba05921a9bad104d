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

TEST_CASE_FIXTURE(fixture,
                  "of a rest here and one that another node tells, the longer one counts") {
  rests.limited(big, 7s, now);
  rests.heard_limit(big, now + 5s, now);
  CHECK(rests.left(big, now) == 7s);
  rests.heard_limit(big, now + 20s, now);
  CHECK(rests.left(big, now) == 20s);
  CHECK(rests.left(small, now) == 0s);
  rests.heard_refusal(now + 24h, now);
  CHECK(rests.left(small, now) == 300s);
  rests.heard_work();
  CHECK(rests.left(small, now) == 0s);
  CHECK(rests.left(big, now) == 20s);
}

TEST_CASE_FIXTURE(fixture, "other nodes are told of a rest once, and again if it ends later") {
  CHECK(rests.limited(big, 7s, now) == std::optional{now + 7s});
  CHECK_FALSE(rests.limited(big, 7s, now));
  CHECK_FALSE(rests.limited(big, 7s, now + 500ms));
  CHECK(rests.limited(big, 9s, now) == std::optional{now + 9s});
  CHECK(rests.limited(small, 3s, now) == std::optional{now + 3s});
  // A rest that another node has told of is not told back.
  rests.heard_refusal(now + 60s, now);
  CHECK_FALSE(rests.refused(60s, now));
  CHECK(rests.refused(90s, now) == std::optional{now + 90s});
  // A call that was running when the rest began tells nothing new.
  CHECK_FALSE(rests.refused({}, now));
}

TEST_CASE_FIXTURE(fixture, "a success tells whether it ends a refusal") {
  CHECK_FALSE(rests.worked(big));
  rests.limited(big, 7s, now);
  CHECK_FALSE(rests.worked(big));
  rests.refused({}, now);
  CHECK(rests.worked(big));
  CHECK_FALSE(rests.worked(big));
  rests.heard_refusal(now + 60s, now);
  CHECK(rests.worked(small));
  // It is refused again, which is news.
  CHECK(rests.refused(60s, now) == std::optional{now + 60s});
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
    switch (chance(7)) {
    case 4:
      rests.heard_limit(model, now + told.value_or(1s), now);
      break;
    case 5:
      rests.heard_refusal(now + told.value_or(1s), now);
      break;
    case 6:
      rests.heard_work();
      break;
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
