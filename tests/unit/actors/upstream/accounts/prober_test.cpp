#include "actors/upstream/accounts/prober.hpp"
#include "tests/unit/support/actor_system.hpp"
#include "tests/unit/support/fake_upstream.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

struct fixture : test::actor_system_fixture {
  fixture() {
    for (auto& u : upstreams)
      u->keeps_probe_signal = true;
    handle = system().spawn(
        prober, std::vector<std::shared_ptr<upstream_service>>{upstreams.begin(), upstreams.end()});
    run();
  }

  ~fixture() {
    for (auto& u : upstreams)
      u->probes_needed = nullptr;
    caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    run();
  }

  std::vector<std::shared_ptr<test::fake_upstream>> upstreams{
      std::make_shared<test::fake_upstream>(), std::make_shared<test::fake_upstream>()};
  prober_actor handle;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "nobody is probed while all upstreams work") {
  pass(1h);
  CHECK(upstreams[0]->probes == 0);
  CHECK_FALSE(has_work());
}

TEST_CASE_FIXTURE(fixture,
                  "an upstream whose circuit breaker opened is probed until it is not open") {
  auto& u = *upstreams[1];
  u.next_probe = 5s;
  u.probes_needed();
  u.probes_needed(); // Two signals in a row count as one.
  run();
  CHECK(u.probes == 1);
  for (int i = 2; i < 12; ++i) {
    pass(4'999ms);
    CHECK(u.probes == i - 1);
    pass(1ms);
    CHECK(u.probes == i);
  }
  u.next_probe = {};
  pass(5s);
  const auto before = u.probes;
  pass(1h);
  CHECK(u.probes == before);
  CHECK(upstreams[0]->probes == 0);
  SUBCASE("and again when it opens again") {
    u.next_probe = 5s;
    u.probes_needed();
    pass(5s);
    CHECK(u.probes == before + 2);
  }
}
