#include "http/client/curl/socket_watch.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

using nekod::http::socket_watch;

namespace {

/// Two sockets that are connected, and an epoll instance for the first.
struct fixture {
  fixture() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0); }
  ~fixture() {
    for (int fd : {ends[0], ends[1], epoll})
      close(fd);
  }
  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  void arrive() const { REQUIRE(write(ends[1], "x", 1) == 1); }

  /// Events that came for the first socket.
  std::uint32_t events() const {
    epoll_event event{};
    return epoll_wait(epoll, &event, 1, 0) == 1 ? event.events : 0;
  }

  std::array<int, 2> ends{};
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  socket_watch watch{epoll};
};

} // namespace

TEST_CASE_FIXTURE(fixture, "awaited events are reported") {
  watch.opened(ends[0]);
  watch.wait_for(ends[0], EPOLLIN | EPOLLOUT);
  CHECK(events() == EPOLLOUT);
  watch.wait_for(ends[0], EPOLLIN);
  CHECK(events() == 0);
  arrive();
  CHECK(events() == EPOLLIN);
  CHECK(watch.is_wanted(ends[0]));
  watch.wait_for(ends[0], EPOLLOUT);
  CHECK(events() == EPOLLOUT);
}

TEST_CASE_FIXTURE(fixture, "a pooled socket stays until something happens to it") {
  watch.opened(ends[0]);
  watch.wait_for(ends[0], EPOLLIN);
  watch.wait_for(ends[0], 0);
  arrive();
  CHECK(events() == EPOLLIN);
  CHECK_FALSE(watch.is_wanted(ends[0]));
  CHECK(events() == 0);
  watch.wait_for(ends[0], EPOLLIN);
  CHECK(events() == EPOLLIN);
  CHECK(watch.is_wanted(ends[0]));
}

TEST_CASE_FIXTURE(fixture, "events of a pooled socket that is used again are reported") {
  watch.opened(ends[0]);
  watch.wait_for(ends[0], EPOLLIN);
  watch.wait_for(ends[0], 0);
  watch.wait_for(ends[0], EPOLLIN);
  arrive();
  CHECK(events() == EPOLLIN);
  CHECK(watch.is_wanted(ends[0]));
}

TEST_CASE_FIXTURE(fixture, "a socket that is always ready does not stay") {
  watch.opened(ends[0]);
  watch.wait_for(ends[0], EPOLLOUT);
  watch.wait_for(ends[0], 0);
  CHECK(events() == 0);
}

TEST_CASE_FIXTURE(fixture, "an event on a pooled socket shows, whatever was awaited") {
  watch.opened(ends[0]);
  CHECK(watch.is_to_be_silent(ends[0]));
  watch.wait_for(ends[0], EPOLLIN | EPOLLOUT);
  watch.wait_for(ends[0], 0);
  CHECK(events() == 0);
  arrive();
  CHECK(events() == EPOLLIN);
  watch.may_speak(ends[0]);
  CHECK_FALSE(watch.is_to_be_silent(ends[0]));
  watch.closed(ends[0]);
  watch.opened(ends[0]);
  CHECK(watch.is_to_be_silent(ends[0]));
  watch.closed(ends[0]);
  CHECK_FALSE(watch.is_to_be_silent(ends[0]));
}

TEST_CASE_FIXTURE(fixture, "a socket whose end is not reported does not stay") {
  watch.wait_for(ends[0], EPOLLIN);
  watch.wait_for(ends[0], 0);
  arrive();
  CHECK(events() == 0);
}

TEST_CASE_FIXTURE(fixture, "a reused descriptor belongs to another socket") {
  watch.opened(ends[0]);
  watch.wait_for(ends[0], EPOLLIN);
  watch.wait_for(ends[0], 0);
  watch.closed(ends[0]);
  auto copy = dup(ends[0]);
  close(ends[0]);
  REQUIRE(dup2(copy, ends[0]) == ends[0]);
  close(copy);
  epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], nullptr); // The file itself was not closed.
  watch.opened(ends[0]);
  watch.wait_for(ends[0], EPOLLIN);
  arrive();
  CHECK(events() == EPOLLIN);
}
