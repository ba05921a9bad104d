#include "http/server/message/idle_timer.hpp"

#include <asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <memory>

using namespace std::chrono_literals;
using nekod::http::idle_timer;

namespace {

struct fixture {
  asio::io_context loop{1};
  std::shared_ptr<idle_timer> timer = std::make_shared<idle_timer>(loop);
  int calls = 0;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "the handler is called again and again until the timer is stopped") {
  timer->start(
      1ms,
      [this] {
        if (++calls == 3)
          timer->stop();
      },
      timer);
  loop.run();
  CHECK(calls == 3);
}

TEST_CASE_FIXTURE(fixture, "a write puts the handler off") {
  timer->start(
      0ms, [this] { ++calls; }, timer);
  // As if it was written to in an hour.
  timer->wrote(idle_timer::clock::now() + 1h);
  loop.run_one();
  CHECK(calls == 0);
}

TEST_CASE_FIXTURE(fixture, "a timer that was stopped is not started, and drops its handler") {
  auto held = std::make_shared<int>();
  timer->start(
      1h, [held] {}, timer);
  CHECK(held.use_count() == 2);
  timer->stop();
  CHECK(held.use_count() == 1);
  timer->start(
      0ms, [this] { ++calls; }, timer);
  loop.run();
  CHECK(calls == 0);
}

TEST_CASE_FIXTURE(fixture, "a timer that has gone calls nothing") {
  timer->start(
      0ms, [this] { ++calls; }, timer);
  timer.reset();
  loop.run();
  CHECK(calls == 0);
}
