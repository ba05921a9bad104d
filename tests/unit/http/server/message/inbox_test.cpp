#include "http/server/message/inbox.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace nekod::http;

namespace {

struct fixture {
  fixture() {
    box.wake = [this] { ++woken; };
  }

  void release() {
    REQUIRE(box.ready());
    box.release();
  }

  std::string request(const std::string& version, const std::string& field = "X-A: b") const {
    return "GET / HTTP/" + version + "\r\nHost: a\r\n" + field + "\r\n\r\n";
  }

  std::shared_ptr<reading_rules> rules =
      std::make_shared<reading_rules>(reading_rules{1u << 20, {}, {}, {}});
  inbox box{rules};
  int woken = 0;
};

} // namespace

TEST_CASE_FIXTURE(fixture,
                  "a client that closes its side after its last request waits for the answer") {
  for (const auto& last :
       {request("1.1", "Connection: close"), request("1.0"),
        request("1.0", "Connection: keep-alive"),
        request("1.1") + request("1.1", "Connection: close"), std::string{"no HTTP\r\n\r\n"}}) {
    CAPTURE(last);
    inbox one{rules};
    one.take(last);
    REQUIRE(one.ready());
    one.release();
    CHECK(one.end());
    CHECK_FALSE(one.over());
  }
}

TEST_CASE_FIXTURE(fixture, "a client that closes its side otherwise has left") {
  CHECK_FALSE(box.end());
  for (const auto& bytes : {request("1.1"), request("1.1") + request("1.1"),
                            request("1.1", "Connection: keep-alive") + "GET / HTTP/1.1\r\n"}) {
    CAPTURE(bytes);
    inbox one{rules};
    one.take(bytes);
    REQUIRE(one.ready());
    one.release();
    CHECK_FALSE(one.end());
  }
  inbox half{rules};
  half.take("GET / HTTP/1.0\r\n");
  CHECK_FALSE(half.ready());
  CHECK_FALSE(half.end());
}

TEST_CASE_FIXTURE(fixture, "after the last answer to such a client the connection is over") {
  box.take(request("1.0", "Connection: keep-alive"));
  release();
  CHECK(box.end());
  box.answered();
  CHECK(woken == 1);
  CHECK(box.over());
}

TEST_CASE_FIXTURE(fixture, "a second waiting request is answered before the end") {
  box.take(request("1.1") + request("1.1", "Connection: close"));
  release();
  CHECK(box.end());
  box.answered();
  CHECK(woken == 1);
  CHECK_FALSE(box.over());
  release();
  box.answered();
  CHECK(box.over());
}

TEST_CASE_FIXTURE(fixture, "a connection without a complete head gives way, others do not") {
  SUBCASE("nothing") {}
  SUBCASE("half a head") { box.take("GET / HTT"); }
  box.give_way();
  CHECK(woken == 1);
  CHECK(box.over());
}

TEST_CASE_FIXTURE(fixture, "a connection with a complete head stays") {
  SUBCASE("its body is on the way") {
    box.take("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
    CHECK_FALSE(box.ready());
  }
  SUBCASE("it is being answered") {
    box.take(request("1.1"));
    release();
  }
  SUBCASE("it was answered") {
    box.take(request("1.1"));
    release();
    box.answered();
  }
  box.give_way();
  CHECK(woken == 0);
  CHECK_FALSE(box.over());
}

TEST_CASE_FIXTURE(fixture, "bytes that wait behind an answer count in the budget") {
  rules->budget = std::make_shared<nekod::byte_budget>(1 << 20);
  inbox one{rules};
  one.take(request("1.1") + request("1.1"));
  CHECK(rules->budget->used() > 0);
  REQUIRE(one.ready());
  one.release();
  one.answered();
  REQUIRE(one.ready());
  CHECK(rules->budget->used() == 0);
}
