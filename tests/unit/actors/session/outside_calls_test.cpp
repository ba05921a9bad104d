#include "actors/session/outside_calls.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace {

using strings = std::vector<std::string>;

struct fixture {
  void step(const std::string& name) {
    calls.as_actor([this, name] { log.push_back(name); });
  }

  strings log;
  nekod::outside_calls calls{[this] { log.emplace_back("wake"); }};
};

} // namespace

TEST_CASE_FIXTURE(fixture, "within the actor a step is taken at once") {
  step("end");
  CHECK(log == strings{"end"});
  CHECK_FALSE(calls.waits());
}

TEST_CASE_FIXTURE(fixture, "outside of the actor a step waits for it, and is taken once") {
  CHECK(calls.make([this] { step("end"); }));
  CHECK(log == strings{"wake"});
  CHECK(calls.waits());
  calls.catch_up();
  CHECK_FALSE(calls.waits());
  calls.catch_up();
  CHECK(log == strings{"wake", "end"});
}

TEST_CASE_FIXTURE(fixture, "a step that was dropped is not taken") {
  calls.make([this] { step("end"); });
  calls.drop();
  CHECK_FALSE(calls.waits());
  calls.catch_up();
  CHECK(log == strings{"wake"});
}

TEST_CASE_FIXTURE(fixture, "a step may lead to another, which is taken at once") {
  calls.make([this] {
    calls.as_actor([this] {
      step("next");
      log.emplace_back("end");
    });
  });
  calls.catch_up();
  CHECK(log == strings{"wake", "next", "end"});
}

TEST_CASE_FIXTURE(fixture, "an exception is reported, and ends the call") {
  CHECK_FALSE(calls.make([] { throw std::runtime_error{"broken"}; }));
  step("end");
  CHECK(log == strings{"end"});
}
