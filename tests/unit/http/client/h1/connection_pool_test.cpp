#include "http/client/h1/connection_pool.hpp"
#include "tests/unit/support/http_peer.hpp"

#include <asio/io_context.hpp>
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace nekod::http;
using namespace std::chrono_literals;
using nekod::test::http_peer;
using nekod::test::http_port;

namespace {

struct fixture {
  /// A connection, and its other end.
  std::pair<std::unique_ptr<connection>, http_peer> connected(const std::string& origin) {
    auto made = pool.make(origin);
    REQUIRE(made);
    socket_address address{};
    address.v4.sin_family = AF_INET;
    address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.v4.sin_port = htons(port.number());
    made->connect({address}, now, now + 5s);
    auto peer = port.accept();
    CHECK(made->on_ready(now) == connection::progress::connected);
    return {std::move(made), std::move(peer)};
  }

  const connection::clock::time_point now = connection::clock::now();
  http_port port;
  asio::io_context loop{1};
  event_poll poll{loop};
  connection_pool pool{poll, {3, 2}};
};

} // namespace

TEST_CASE_FIXTURE(fixture, "the connection that was used last is taken first, of its origin") {
  auto [one, first] = connected("a");
  auto [two, second] = connected("a");
  const auto* newest = two.get();
  pool.keep(std::move(one), now, 9s);
  pool.keep(std::move(two), now, 9s);
  CHECK_FALSE(pool.take("b", now));
  auto taken = pool.take("a", now);
  CHECK(taken.get() == newest);
  CHECK(taken->was_used());
  CHECK(pool.take("a", now));
  CHECK_FALSE(pool.take("a", now));
}

TEST_CASE_FIXTURE(fixture, "what died, or says something, or is old, is not taken") {
  auto [closed, first] = connected("a");
  auto [blurts, second] = connected("a");
  first.close();
  second.say("HTTP/1.1 200 OK\r\n");
  pool.keep(std::move(closed), now, 9s);
  pool.keep(std::move(blurts), now, 9s);
  CHECK_FALSE(pool.take("a", now));
  CHECK(pool.open_connections() == 0);
  auto [old, third] = connected("a");
  pool.keep(std::move(old), now, 9s);
  CHECK_FALSE(pool.take("a", now + 9s));
  CHECK(third.is_closed_by_client());
}

TEST_CASE_FIXTURE(fixture, "there are no more connections than there may be") {
  auto [one, first] = connected("a");
  auto [two, second] = connected("b");
  auto [three, third] = connected("c");
  CHECK_FALSE(pool.make("d"));
  pool.keep(std::move(one), now, 9s);
  pool.keep(std::move(two), now, 9s);
  // The oldest one makes room.
  CHECK(pool.make("d"));
  CHECK(first.is_closed_by_client());
  pool.keep(std::move(three), now, 9s);
  auto [four, fourth] = connected("a");
  pool.keep(std::move(four), now, 9s);
  CHECK(second.is_closed_by_client());
  CHECK(pool.open_connections() == 2);
  pool.drop_all();
  CHECK(pool.open_connections() == 0);
  CHECK(third.is_closed_by_client());
}

TEST_CASE_FIXTURE(fixture, "an idle connection with an event is dropped") {
  auto [one, peer] = connected("a");
  pool.keep(std::move(one), now, 9s);
  peer.say("x");
  auto events = 0;
  poll.look([&](connection& c, std::uint32_t) {
    ++events;
    CHECK(c.user() == nullptr);
    pool.look_at(c);
  });
  CHECK(events == 1);
  CHECK_FALSE(pool.take("a", now));
}

TEST_CASE_FIXTURE(fixture, "an address that refuses is followed by the next one") {
  auto made = pool.make("a");
  socket_address refuses{};
  refuses.v4.sin_family = AF_INET;
  refuses.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  {
    http_port closed;
    refuses.v4.sin_port = htons(closed.number());
  }
  auto answers = refuses;
  answers.v4.sin_port = htons(port.number());
  auto progress = made->connect({refuses, answers}, now, now + 4s);
  CHECK(made->attempt_ends() <= now + 4s);
  if (progress == connection::progress::waiting)
    progress = made->on_ready(now);
  auto peer = port.accept();
  CHECK(made->on_ready(now) == connection::progress::connected);
  CHECK(made->connect({refuses}, now, now + 4s) != connection::progress::connected);
  CHECK(made->on_ready(now) == connection::progress::failed);
  CHECK(pool.open_connections() == 0);
}
