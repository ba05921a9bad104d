#include "actors/session/turn_readers.hpp"
#include "tests/unit/support/actor_system.hpp"
#include "tests/unit/support/recording_reply.hpp"

#include <doctest/doctest.h>

using namespace nekod;

namespace {

struct fixture : test::actor_system_fixture {
  reply_actor make() {
    all.push_back(system().spawn(test::recording_reply, std::make_shared<test::reply_record>()));
    return all.back();
  }

  ~fixture() {
    for (auto& reply : all)
      caf::anon_send_exit(reply, caf::exit_reason::kill);
    run();
  }

  fixture() = default;
  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  std::vector<reply_actor> all;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "one reader gives back what it read") {
  auto one = make();
  turn_readers readers{one};
  readers.sent(100);
  CHECK(readers.take_credit() == 0);
  readers.read(one.address(), 60);
  CHECK(readers.take_credit() == 60);
  CHECK(readers.take_credit() == 0);
  readers.read(one.address(), 1000); // Never more than it was sent.
  CHECK(readers.take_credit() == 40);
}

TEST_CASE_FIXTURE(fixture, "of several the slowest sets the pace") {
  auto one = make();
  auto two = make();
  turn_readers readers{one};
  readers.sent(100);
  readers.add(two); // What went out before is not for it.
  readers.sent(10);
  readers.read(two.address(), 10);
  CHECK(readers.take_credit() == 0);
  readers.read(one.address(), 105);
  CHECK(readers.take_credit() == 105);
  readers.read(one.address(), 5);
  CHECK(readers.take_credit() == 5);
}

TEST_CASE_FIXTURE(fixture, "who ended holds nobody up, and what nobody reads is free at once") {
  auto one = make();
  auto two = make();
  turn_readers readers{one};
  readers.add(two);
  readers.sent(100);
  readers.read(two.address(), 100);
  CHECK(readers.remove(one.address()));
  CHECK_FALSE(readers.remove(one.address()));
  readers.read(one.address(), 100);
  CHECK(readers.take_credit() == 100);
  CHECK(readers.remove(two.address()));
  CHECK(readers.empty());
  readers.sent(7);
  CHECK(readers.take_credit() == 7);
}
