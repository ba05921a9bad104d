#include "http/server/listen/handshake_queue.hpp"

#include <doctest/doctest.h>

#include <vector>

using nekod::http::handshake_queue;

TEST_CASE("beyond the limit the oldest handshake gives way, once") {
  handshake_queue queue{2};
  std::vector<int> gone;
  auto enter = [&](int number) { return queue.enter([&gone, number] { gone.push_back(number); }); };
  auto first = enter(1);
  auto second = enter(2);
  CHECK(gone.empty());
  enter(3);
  CHECK(gone == std::vector{1});
  queue.leave(first); // It has given way already.
  enter(4);
  CHECK(gone == std::vector{1, 2});
  queue.leave(second);
}

TEST_CASE("a handshake that has ended makes room") {
  handshake_queue queue{1};
  int gone = 0;
  for (int i = 0; i < 10; ++i)
    queue.leave(queue.enter([&] { ++gone; }));
  CHECK(gone == 0);
}
