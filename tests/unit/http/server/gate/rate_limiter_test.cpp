#include "http/server/gate/rate_limiter.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using namespace nekod::http;
using namespace std::chrono_literals;
using std::chrono::seconds;

namespace {

rate_limit parse(std::string_view text) {
  auto parsed = parse_rate_limit(text);
  REQUIRE_MESSAGE(parsed, std::string{text});
  return *parsed;
}

/// A limiter with a clock.
struct fixture {
  /// The wait in seconds; 0 if the request passed.
  long ask(rate_limiter& limiter, std::string_view key = "a") {
    return limiter.take(key, now).value_or(0s).count();
  }

  /// How many of *tries* pass.
  int pass(rate_limiter& limiter, int tries, std::string_view key = "a") {
    int passed = 0;
    for (int i = 0; i < tries; ++i)
      passed += ask(limiter, key) == 0;
    return passed;
  }

  rate_limiter::time_point now{1000h};
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a bucket lets its count pass at once, then one per interval") {
  rate_limiter limiter{parse("10 per minute")};
  CHECK(pass(limiter, 12) == 10);
  CHECK(ask(limiter) == 6);
  now += 6s - 1ns;
  CHECK(ask(limiter) == 1);
  now += 1ns;
  CHECK(ask(limiter) == 0);
  CHECK(ask(limiter) == 6);
}

TEST_CASE_FIXTURE(fixture, "a bucket fills to its count and not further") {
  rate_limiter limiter{parse("10 per minute")};
  CHECK(pass(limiter, 10) == 10);
  now += 30s;
  CHECK(pass(limiter, 10) == 5);
  now += 24h;
  CHECK(pass(limiter, 20) == 10);
}

TEST_CASE_FIXTURE(fixture, "a count that does not divide its period is kept exactly") {
  rate_limiter limiter{parse("7 per second; 1000000 per second")};
  CHECK(pass(limiter, 10) == 7);
  now += 1s;
  CHECK(pass(limiter, 10) == 7);
  rate_limiter fast{parse("700000 per second")};
  CHECK(pass(fast, 701'000) == 700'000);
}

TEST_CASE_FIXTURE(fixture, "a full bucket does not overflow while another one fills") {
  rate_limiter limiter{parse("2 per minute; 100 per day")};
  CHECK(pass(limiter, 10) == 2);
  now += 10min;
  CHECK(pass(limiter, 10) == 2);
}

TEST_CASE_FIXTURE(fixture, "a try passes after the reported time, and not before") {
  for (auto text : {"1 per second", "3 per second", "7 per minute", "2 per hour; 5 per minute",
                    "11 per 2 days", "1 per 10 years"}) {
    CAPTURE(text);
    rate_limiter limiter{parse(text)};
    while (ask(limiter) == 0)
      now += 1ms;
    auto wait = ask(limiter);
    CHECK(wait >= 1);
    now += seconds{wait} - 1s;
    CHECK(ask(limiter) == 1);
    now += 1s;
    CHECK(ask(limiter) == 0);
  }
}

TEST_CASE_FIXTURE(fixture, "a refused request is charged to no bucket") {
  rate_limiter limiter{parse("2 per second; 3 per day")};
  CHECK(pass(limiter, 100) == 2);
  now += 1s;
  CHECK(pass(limiter, 100) == 1);
  CHECK(ask(limiter) == 86'400 / 3 - 1);
}

TEST_CASE_FIXTURE(fixture, "keys do not disturb each other") {
  rate_limiter limiter{parse("1 per minute")};
  CHECK(ask(limiter, "a") == 0);
  CHECK(ask(limiter, "b") == 0);
  CHECK(ask(limiter, "a") == 60);
  CHECK(ask(limiter, "") == 0);
}

TEST_CASE_FIXTURE(fixture, "without a limit all requests pass and no key is remembered") {
  rate_limiter limiter{rate_limit{}};
  CHECK(pass(limiter, 1000) == 1000);
  limiter.refund("a");
  CHECK(limiter.size() == 0);
}

TEST_CASE_FIXTURE(fixture, "a refund undoes a request") {
  rate_limiter limiter{parse("3 per minute; 3 per hour")};
  for (int i = 0; i < 100; ++i) {
    CHECK(ask(limiter) == 0);
    limiter.refund("a");
  }
  CHECK(pass(limiter, 10) == 3);
  limiter.refund("a");
  CHECK(pass(limiter, 10) == 1);
}

TEST_CASE_FIXTURE(fixture, "refunds fill no bucket beyond its count") {
  rate_limiter limiter{parse("3 per minute")};
  limiter.refund("a");
  CHECK(ask(limiter) == 0);
  for (int i = 0; i < 5; ++i)
    limiter.refund("a");
  CHECK(pass(limiter, 10) == 3);
}

TEST_CASE_FIXTURE(fixture, "two limiters agree by a refund") {
  rate_limiter requests{parse("5 per minute")};
  rate_limiter chats{parse("2 per minute")};
  int passed = 0;
  for (int i = 0; i < 10; ++i) {
    if (ask(requests) != 0)
      continue;
    if (ask(chats) == 0)
      ++passed;
    else
      requests.refund("a");
  }
  CHECK(passed == 2);
  CHECK(pass(requests, 10) == 3);
}

TEST_CASE_FIXTURE(fixture, "threads whose calls and times are in different orders do no harm") {
  rate_limiter limiter{parse("2 per minute")};
  CHECK(ask(limiter) == 0);
  now -= 5ms;
  CHECK(ask(limiter) == 0);
  CHECK(ask(limiter) == 30);
}

// -- memory --------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(fixture, "keys whose buckets are full again are forgotten, a few at a time") {
  rate_limiter limiter{parse("2 per minute")};
  for (int i = 0; i < 10; ++i)
    ask(limiter, std::to_string(i));
  CHECK(limiter.size() == 10);
  now += 30s - 1ns;
  ask(limiter, "x");
  CHECK(limiter.size() == 11);
  now += 1ns;
  ask(limiter, "x");
  CHECK(limiter.size() == 9);
  for (int i = 0; i < 10; ++i)
    ask(limiter, "x");
  CHECK(limiter.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "a busy key does not keep full ones in memory") {
  rate_limiter limiter{parse("100 per hour")};
  pass(limiter, 100, "busy");
  for (int i = 0; i < 10; ++i)
    ask(limiter, std::to_string(i));
  now += 36s;
  for (int i = 0; i < 5; ++i)
    ask(limiter, "other");
  CHECK(limiter.size() == 2);
  CHECK(pass(limiter, 10, "busy") == 1);
}

TEST_CASE_FIXTURE(fixture, "if all keys are busy, the one with the oldest request makes room") {
  rate_limiter limiter{parse("1 per hour"), 3};
  for (auto key : {"a", "b", "c"})
    CHECK(ask(limiter, key) == 0);
  CHECK(ask(limiter, "a") > 0); // A refused request counts as a use.
  CHECK(ask(limiter, "d") == 0);
  CHECK(limiter.size() == 3);
  CHECK(ask(limiter, "a") > 0);
  CHECK(ask(limiter, "c") > 0);
  CHECK(ask(limiter, "d") > 0);
  CHECK(ask(limiter, "b") == 0);
}

TEST_CASE_FIXTURE(fixture, "a key whose buckets are full makes room before any busy one") {
  rate_limiter limiter{parse("2 per hour"), 2};
  CHECK(pass(limiter, 2, "old and busy") == 2);
  CHECK(ask(limiter, "young") == 0);
  now += 30min;
  CHECK(ask(limiter, "new") == 0);
  CHECK(pass(limiter, 2, "old and busy") == 1);
}

TEST_CASE_FIXTURE(fixture, "several requests at once take as many tokens, or none") {
  rate_limiter limiter{parse("5 per minute; 8 per hour")};
  CHECK(limiter.most_at_once() == 5);
  CHECK_FALSE(limiter.take("a", now, 4));
  CHECK(limiter.take("a", now, 3) == 24s); // Two tokens more, one in 12 s.
  CHECK(ask(limiter) == 0);
  now += 24s;
  CHECK_FALSE(limiter.take("a", now, 2));
  CHECK(pass(limiter, 9, "b") == 5);
  now += 1min;
  CHECK_FALSE(limiter.take("b", now, 3));
  CHECK(ask(limiter, "b") > 0);
}

TEST_CASE_FIXTURE(fixture, "a flood of keys stays within its memory") {
  rate_limiter limiter{parse("1 per day"), 100};
  for (int i = 0; i < 10'000; ++i)
    CHECK(ask(limiter, std::to_string(i)) == 0);
  CHECK(limiter.size() == 100);
  rate_limiter least{parse("1 per day"), 0};
  CHECK(ask(least, "a") == 0);
  CHECK(ask(least, "a") > 0);
}

TEST_CASE_FIXTURE(fixture, "threads share a bucket") {
  rate_limiter limiter{parse("1000 per day; 5000 per year"), 8};
  std::atomic<int> passed = 0;
  auto work = [&](int number) {
    for (int i = 0; i < 1000; ++i) {
      passed += !limiter.take("a", now);
      limiter.take(std::to_string((number + i) % 16), now);
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i)
    threads.emplace_back(work, i);
  for (auto& t : threads)
    t.join();
  CHECK(passed == 1000);
  CHECK(limiter.size() == 8);
}

TEST_CASE_FIXTURE(fixture, "what is left, by each rate") {
  rate_limiter limiter{parse("3 per minute; 10 per hour")};
  auto left = [&] { return limiter.left("a", now); };
  CHECK(left() == std::vector<std::size_t>{3, 10});
  CHECK(pass(limiter, 3) == 3);
  CHECK(left() == std::vector<std::size_t>{0, 7});
  now += 20s;
  CHECK(left() == std::vector<std::size_t>{1, 7});
  CHECK(limiter.left("b", now) == std::vector<std::size_t>{3, 10});
  CHECK(limiter.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "what other nodes have charged is taken over, but never gives back") {
  rate_limiter limiter{parse("10 per minute; 20 per hour")};
  CHECK(pass(limiter, 2) == 2);
  limiter.adopt("a", now, {48s, 0s});
  CHECK(limiter.left("a", now) == std::vector<std::size_t>{2, 18});
  CHECK(pass(limiter, 5) == 2);
  limiter.adopt("a", now, {0s, 0s});
  CHECK(limiter.left("a", now) == std::vector<std::size_t>{0, 16});
  // A caller that was unknown here.
  limiter.adopt("b", now, {60s, 180s});
  CHECK(ask(limiter, "b") == 6);
  // Of other rates: nothing fits.
  limiter.adopt("a", now, {600s});
  CHECK(ask(limiter) == 6);
}
