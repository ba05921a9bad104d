#include "http/client/lazy_timer.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using nekod::http::lazy_timer;

namespace {

struct fixture {
  /// Runs what is due, and waits for what is armed.
  void run() {
    loop.restart();
    loop.run();
  }

  asio::io_context loop{1};
  int fired = 0;
  std::shared_ptr<lazy_timer> timer =
      std::make_shared<lazy_timer>(lazy_timer::strand{loop.get_executor()}, [this] { ++fired; });
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a lazy timer fires once for each time it is set") {
  timer->set(lazy_timer::clock::now());
  run();
  CHECK(fired == 1);
  run();
  CHECK(fired == 1);
  timer->set_no_later(lazy_timer::clock::now());
  run();
  CHECK(fired == 2);
}

TEST_CASE_FIXTURE(fixture, "a cleared timer does not fire") {
  timer->set(lazy_timer::clock::now());
  timer->clear();
  run();
  CHECK(fired == 0);
}

TEST_CASE_FIXTURE(fixture, "a timer that is armed too early waits for its time") {
  const auto due = lazy_timer::clock::now() + 20ms;
  timer->set(lazy_timer::clock::now());
  timer->set(due);
  run();
  CHECK(fired == 1);
  CHECK(lazy_timer::clock::now() >= due);
}

TEST_CASE_FIXTURE(fixture, "an earlier time replaces a later one") {
  timer->set(lazy_timer::clock::now() + 1h);
  timer->set_no_later(lazy_timer::clock::now());
  timer->set_no_later(lazy_timer::clock::now() + 2h);
  run();
  CHECK(fired == 1);
}

TEST_CASE_FIXTURE(fixture, "a cancelled timer waits for nothing") {
  timer->set(lazy_timer::clock::now() + 1h);
  timer->cancel();
  run();
  CHECK(fired == 0);
}
