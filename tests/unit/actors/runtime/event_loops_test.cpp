#include "actors/runtime/event_loops.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <doctest/doctest.h>

#include <cstddef>
#include <future>
#include <memory>
#include <vector>

namespace {

/// The result of *f* on the loop with that index.
template <class F>
auto on(nekod::event_loops& loops, std::size_t i, F f) {
  auto told = std::make_shared<std::promise<decltype(f())>>();
  asio::post(loops[i], [told, f] { told->set_value(f()); });
  return told->get_future().get();
}

} // namespace

TEST_CASE("a thread of the loops knows which loop it runs") {
  nekod::event_loops loops{3};
  loops.run();
  for (std::size_t i : {2, 0, 1})
    CHECK(on(loops, i, [&] { return loops.here(); }) == i);
}

TEST_CASE("other threads get each loop in turn") {
  nekod::event_loops loops{3};
  nekod::event_loops others{2};
  others.run();
  auto turns = on(others, 1, [&] {
    return std::vector<std::size_t>{loops.here(), loops.here(), loops.here()};
  });
  CHECK(turns == std::vector<std::size_t>{0, 1, 2});
  CHECK(loops.here() == 0);
}

TEST_CASE("poll runs remaining work, and work that this posts to other loops") {
  nekod::event_loops loops{2};
  loops.run();
  loops.stop();
  std::vector<int> order;
  asio::post(loops[1], [&] {
    order.push_back(1);
    asio::post(loops[0], [&] {
      order.push_back(2);
      asio::post(loops[1], [&] { order.push_back(3); });
    });
  });
  loops.poll();
  CHECK(order == std::vector<int>{1, 2, 3});
}
