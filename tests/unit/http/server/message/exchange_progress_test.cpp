#include "http/server/message/exchange_progress.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>

using namespace std::chrono_literals;
using nekod::http::exchange_progress;

TEST_CASE("an exchange ends once") {
  exchange_progress p;
  CHECK_FALSE(p.has_ended());
  CHECK(p.end());
  CHECK(p.has_ended());
  CHECK_FALSE(p.end());
}

TEST_CASE("what must happen before the end does not happen after it") {
  exchange_progress p;
  int calls = 0;
  CHECK(p.unless_ended([&] { ++calls; }));
  p.end();
  CHECK_FALSE(p.unless_ended([&] { ++calls; }));
  CHECK(calls == 1);
}

TEST_CASE("the handler is called when the client leaves, once, before the end") {
  exchange_progress p;
  int calls = 0;
  p.on_gone([&] {
    ++calls;
    CHECK_FALSE(p.has_ended());
  });
  CHECK(p.client_left());
  CHECK(calls == 1);
  CHECK(p.client_left());
  CHECK(calls == 1);
  CHECK(p.outcome(0).client_left);
}

TEST_CASE("a handler that is set after the client left is called at once") {
  exchange_progress p;
  CHECK(p.client_left());
  bool called = false;
  p.on_gone([&] { called = true; });
  CHECK(called);
}

TEST_CASE("a client that leaves after the end is not gone, and the handler is dropped") {
  exchange_progress p;
  auto held = std::make_shared<int>();
  p.on_gone([held] { FAIL("the answer had ended"); });
  CHECK(p.end());
  CHECK(held.use_count() == 1);
  CHECK_FALSE(p.client_left());
  CHECK_FALSE(p.outcome(200).client_left);
}

TEST_CASE("only while the handler runs, its caller is asked to cut the connection") {
  exchange_progress cut;
  CHECK(cut.cut_in_handler());
  CHECK(cut.leave_handler());
  exchange_progress left;
  CHECK_FALSE(left.leave_handler());
  CHECK_FALSE(left.cut_in_handler());
}

TEST_CASE("the outcome has the times from the request's arrival") {
  exchange_progress p;
  CHECK_FALSE(p.outcome(0).first_byte);
  p.wrote(p.arrived() + 5ms);
  p.wrote(p.arrived() + 7ms);
  p.end();
  const auto o = p.outcome(200);
  CHECK(o.status == 200);
  CHECK(o.first_byte == 5ms);
  CHECK(o.duration == p.outcome(200).duration); // It has ended.
}

TEST_CASE("the first byte of a whole answer goes out at its end") {
  exchange_progress p;
  p.end();
  p.wrote_all();
  CHECK(p.outcome(200).first_byte == p.outcome(200).duration);
}
