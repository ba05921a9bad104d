#include "actors/session/turn_queue.hpp"
#include "tests/unit/support/actor_system.hpp"
#include "tests/unit/support/recording_reply.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace {

using namespace nekod;

struct fixture : test::actor_system_fixture {
  reply_actor reply() {
    return test::spawn_recording_reply(system(), std::make_shared<test::reply_record>());
  }

  reply_actor push(const std::string& identity) {
    turn t;
    t.identity = identity;
    auto result = reply();
    queue.push({t, turn_readers{result}});
    return result;
  }

  turn_queue queue{2};
};

} // namespace

TEST_CASE_FIXTURE(fixture, "turns leave in the order in which they came") {
  CHECK_FALSE(queue.pop());
  push("one");
  push("two");
  CHECK(queue.pop()->what.identity == "one");
  CHECK(queue.pop()->what.identity == "two");
  CHECK(queue.empty());
}

TEST_CASE_FIXTURE(fixture, "as many as the limit may wait, and one more if none runs") {
  push("one");
  CHECK(queue.has_room(true));
  push("two");
  CHECK_FALSE(queue.has_room(true));
  CHECK(queue.has_room(false));
  push("three");
  CHECK_FALSE(queue.has_room(false));
}

TEST_CASE_FIXTURE(fixture, "a turn is found by its identity") {
  push("one");
  push("two");
  REQUIRE(queue.find("two"));
  CHECK(queue.find("two")->what.identity == "two");
  CHECK_FALSE(queue.find("three"));
}

TEST_CASE_FIXTURE(fixture, "a turn is dropped with the last of its replies") {
  const auto first = push("one");
  push("two");
  const auto again = reply();
  queue.find("one")->readers.add(again);
  CHECK(queue.remove_reader(first.address()) == 0);
  CHECK(queue.find("one"));
  CHECK(queue.remove_reader(first.address()) == 0);
  CHECK(queue.remove_reader(again.address()) == 1);
  CHECK_FALSE(queue.find("one"));
  CHECK(queue.find("two"));
}

TEST_CASE_FIXTURE(fixture, "all turns are taken at once, in their order") {
  push("one");
  push("two");
  const auto all = queue.take_all();
  REQUIRE(all.size() == 2);
  CHECK(all[0].what.identity == "one");
  CHECK(queue.empty());
}
