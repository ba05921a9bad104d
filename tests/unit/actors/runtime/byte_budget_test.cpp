#include "actors/runtime/byte_budget.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

using nekod::byte_budget;

TEST_CASE("shares grow up to the budget's limit, and return what they hold") {
  auto budget = std::make_shared<byte_budget>(100);
  auto first = byte_budget::for_answer(budget);
  CHECK(first.resize(60));
  {
    auto second = byte_budget::for_answer(budget);
    CHECK_FALSE(second.resize(41));
    CHECK(second.size() == 0);
    CHECK(second.resize(40));
    CHECK(budget->used() == 100);
    CHECK_FALSE(first.resize(61));
    CHECK(first.size() == 60);
    CHECK(second.resize(10));
    CHECK(budget->used() == 70);
  }
  CHECK(budget->used() == 60);
  CHECK(first.resize(100));
  CHECK(first.resize(0));
  CHECK(budget->used() == 0);
}

TEST_CASE("the last quarter is reserved for answers") {
  auto budget = std::make_shared<byte_budget>(100);
  auto request = byte_budget::for_request(budget);
  CHECK(budget->request_limit() == 75);
  CHECK_FALSE(request.resize(76));
  CHECK(request.resize(75));
  auto answer = byte_budget::for_answer(budget);
  CHECK(answer.resize(25));
  CHECK_FALSE(answer.resize(26));
  auto another = byte_budget::for_request(budget);
  CHECK_FALSE(another.resize(1));
  CHECK(answer.resize(0));
  CHECK_FALSE(another.resize(1));
}

TEST_CASE("what can be spared makes room for others, but not for what is kept") {
  auto budget = std::make_shared<byte_budget>(100);
  auto spare = byte_budget::for_kept(budget);
  REQUIRE(spare.resize(75));
  auto asked = 0;
  budget->spare_by([&] {
    ++asked;
    return spare.size() > 0 && spare.resize(spare.size() - 25);
  });
  auto kept = byte_budget::for_kept(budget);
  CHECK_FALSE(kept.resize(1));
  CHECK(asked == 0);
  auto request = byte_budget::for_request(budget);
  CHECK_FALSE(request.resize(76));
  CHECK(asked == 0);
  CHECK(request.resize(50));
  CHECK(asked == 2);
  auto answer = byte_budget::for_answer(budget);
  CHECK(answer.resize(50));
  CHECK_FALSE(answer.resize(51));
  CHECK(asked == 4);
}

TEST_CASE("a share that moves takes its bytes along") {
  auto budget = std::make_shared<byte_budget>(100);
  auto first = byte_budget::for_answer(budget);
  REQUIRE(first.resize(60));
  auto second = std::move(first);
  CHECK(second.size() == 60);
  CHECK(budget->used() == 60);
  auto third = byte_budget::for_answer(budget);
  REQUIRE(third.resize(30));
  third = std::move(second);
  CHECK(budget->used() == 60);
  third = {};
  CHECK(budget->used() == 0);
}

TEST_CASE("forced bytes count beyond the limit, and nothing fits until they are gone") {
  auto budget = std::make_shared<byte_budget>(100);
  auto forced = byte_budget::for_answer(budget);
  forced.force(150);
  CHECK(budget->used() == 150);
  auto other = byte_budget::for_answer(budget);
  CHECK_FALSE(other.resize(1));
  CHECK(forced.resize(120));
  CHECK_FALSE(forced.resize(121));
  forced.force(10);
  CHECK(budget->used() == 10);
  CHECK(other.resize(90));
  CHECK_FALSE(other.resize(std::numeric_limits<std::size_t>::max()));
}

TEST_CASE("without a budget anything fits") {
  auto share = byte_budget::for_request(nullptr);
  CHECK(share.resize(std::numeric_limits<std::size_t>::max()));
  CHECK(share.resize(0));
  share.force(5);
  CHECK(share.size() == 5);
}

TEST_CASE("several threads never hold more than the limit together") {
  constexpr std::size_t limit = 1000;
  auto budget = std::make_shared<byte_budget>(limit);
  std::vector<std::thread> threads;
  std::atomic<std::size_t> most{0};
  for (std::size_t t = 1; t <= 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10'000; ++i) {
        auto share = byte_budget::for_answer(budget);
        if (share.resize(97 * t) && share.resize(200 * t))
          for (auto seen = most.load(), now = budget->used();
               now > seen && !most.compare_exchange_weak(seen, now);) {
          }
      }
    });
  for (auto& thread : threads)
    thread.join();
  CHECK(most <= limit);
  CHECK(most > 0);
  CHECK(budget->used() == 0);
}
