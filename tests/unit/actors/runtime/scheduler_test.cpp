#include "actors/runtime/scheduler.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <caf/all.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <vector>

namespace {

using count_actor = caf::typed_actor<caf::reacts_to<std::uint64_t>>;

/// Counts its messages in *total*, and calls *f* with each.
template <class F>
count_actor counter(caf::actor_system& system, F f) {
  return system.spawn(
      [](count_actor::pointer, F handler) -> count_actor::behavior_type {
        return {[handler](std::uint64_t n) { handler(n); }};
      },
      f);
}

struct fixture {
  fixture() {
    nekod::run_actors_on(loops, config);
    system.emplace(config);
  }

  /// Runs the loops until *done*.
  template <class Done>
  void run_until(Done done) {
    while (!done()) {
      loops[0].restart();
      loops[0].run_one();
    }
  }

  nekod::event_loops loops{1};
  caf::actor_system_config config;
  std::optional<caf::actor_system> system;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "an actor flooded with messages does not starve its neighbour") {
  constexpr std::uint64_t flood = 20'000;
  std::uint64_t handled = 0;
  std::uint64_t handled_before_neighbour = 0;
  bool neighbour_ran = false;
  {
    auto busy = counter(*system, [&](std::uint64_t) { ++handled; });
    auto neighbour = counter(*system, [&](std::uint64_t) {
      neighbour_ran = true;
      handled_before_neighbour = handled;
    });
    for (std::uint64_t i = 0; i < flood; ++i)
      caf::anon_send(busy, i);
    caf::anon_send(neighbour, std::uint64_t{1});
    run_until([&] { return handled == flood && neighbour_ran; });
  }
  CHECK(handled_before_neighbour <= 2 * nekod::messages_per_turn);
}

TEST_CASE_FIXTURE(fixture, "messages of one sender are handled in order") {
  std::vector<std::uint64_t> order;
  {
    auto a = counter(*system, [&](std::uint64_t n) { order.push_back(n); });
    for (std::uint64_t i = 0; i < 1000; ++i)
      caf::anon_send(a, i);
    run_until([&] { return order.size() == 1000; });
  }
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE_FIXTURE(fixture, "delayed messages arrive when they are due, the earliest first") {
  std::vector<std::uint64_t> order;
  {
    auto a = counter(*system, [&](std::uint64_t n) { order.push_back(n); });
    caf::scoped_actor self{*system};
    self->delayed_send(a, std::chrono::milliseconds{30}, std::uint64_t{3});
    self->delayed_send(a, std::chrono::milliseconds{1}, std::uint64_t{1});
    self->delayed_send(a, std::chrono::milliseconds{10}, std::uint64_t{2});
    run_until([&] { return order.size() == 3; });
  }
  CHECK(order == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE_FIXTURE(fixture, "a request without an answer ends in a timeout") {
  using silent_actor = caf::typed_actor<caf::replies_to<int>::with<int>>;
  caf::error reason;
  {
    // With an argument, because CAF binds a null reference if a function takes none.
    auto silent = system->spawn(
        [](silent_actor::pointer self, int) -> silent_actor::behavior_type {
          return {[self](int) { return self->make_response_promise<int>(); }};
        },
        0);
    system->spawn(
        [&](caf::event_based_actor* self, const silent_actor& peer) {
          self->request(peer, std::chrono::milliseconds{5}, 1)
              .then([](int) {}, [&](const caf::error& e) { reason = e; });
        },
        silent);
    run_until([&] { return static_cast<bool>(reason); });
    caf::anon_send_exit(silent, caf::exit_reason::kill);
    run_until([&] { return system->registry().running() == 0; });
  }
  CHECK(reason == caf::sec::request_timeout);
}

TEST_CASE("an actor runs on the loop on which it is woken") {
  constexpr std::size_t count = 3;
  nekod::event_loops loops{count};
  caf::actor_system_config config;
  nekod::run_actors_on(loops, config);
  caf::actor_system system{config};
  loops.run();
  for (std::size_t i = 0; i < count; ++i) {
    auto ran = std::make_shared<std::promise<std::size_t>>();
    auto a = counter(system, [&loops, ran](std::uint64_t) { ran->set_value(loops.here()); });
    asio::post(loops[i], [a] { caf::anon_send(a, std::uint64_t{1}); });
    CHECK(ran->get_future().get() == i);
  }
  system.await_all_actors_done();
  loops.stop();
}
