#include "http/server/message/request_reader.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace nekod::http;

namespace {

struct fixture {
  /// What comes of *bytes*, in pieces of *size*.
  std::vector<request> read(const std::string& bytes, std::size_t size) {
    request_reader reader{std::make_shared<reading_rules>(rules)};
    std::vector<request> result;
    std::string held;
    for (std::size_t i = 0; i < bytes.size(); i += size) {
      held += bytes.substr(i, size);
      held.erase(0, reader.take(held));
      while (reader.whole()) {
        result.push_back(reader.release());
        if (reader.broken())
          return result;
        held.erase(0, reader.take(held));
      }
      CHECK(held.empty());
    }
    return result;
  }

  reading_rules rules = [] {
    reading_rules r;
    r.max_body = 16u << 20;
    return r;
  }();
};

const std::string plain = "GET /health?x=1 HTTP/1.1\r\nHost: a\r\nX-A:  b \r\n\r\n";
const std::string posted = "POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "2;x=y\r\nhe\r\n0003\r\nllo\r\n0\r\nX-B: c\r\n\r\n";

} // namespace

TEST_CASE_FIXTURE(fixture, "requests are the same in pieces of any size") {
  for (std::size_t size : {1u, 2u, 3u, 7u, 50u, 1000u}) {
    CAPTURE(size);
    auto all = read("\r\n" + plain + posted + chunked + plain, size);
    REQUIRE(all.size() == 4);
    CHECK(all[0].method == "GET");
    CHECK(all[0].path == "/health");
    CHECK(all[0].query == "x=1");
    CHECK(all[0].header("x-a") == "b");
    CHECK(all[0].body.empty());
    CHECK(all[1].body == "hello");
    CHECK(all[1].body_size == 5);
    CHECK(all[2].body == "hello");
    CHECK(all[2].body_size == 5);
    CHECK(all[2].header("X-B").empty());
    for (const auto& r : all) {
      CHECK(r.missing == unread::nothing);
      CHECK(r.keep_alive);
    }
  }
}

TEST_CASE_FIXTURE(fixture, "a request that breaks off says why, and nothing follows it") {
  rules.max_body = 4;
  struct entry {
    std::string bytes;
    unread why;
  };
  auto head = [](const std::string& line) { return "GET / HTTP/1.1\r\n" + line + "\r\n\r\n"; };
  const entry table[] = {
      {"GET / HTTP/1.1\nHost: a\n\n", unread::malformed},
      {head("X-A: b"), unread::malformed},
      {head("Host : a"), unread::malformed},
      {head("Host: a\r\n folded"), unread::malformed},
      {posted, unread::body},
      {chunked, unread::body},
      {head("Host: a\r\nX-A: " + std::string(max_request_head, 'b')), unread::head},
      {"GET / HTTP/1.1\r\nX-A: " + std::string(max_request_head, 'b'), unread::head},
  };
  for (const auto& e : table) {
    for (std::size_t size : {1u, 16u, 100'000u}) {
      CAPTURE(e.bytes.substr(0, 100));
      CAPTURE(size);
      auto all = read(e.bytes + plain, size);
      REQUIRE(all.size() == 1);
      CHECK(all[0].missing == e.why);
      CHECK_FALSE(all[0].keep_alive);
    }
  }
}

TEST_CASE_FIXTURE(fixture, "a body that is not small is read only if it is wanted") {
  bool wanted = false;
  int asked = 0;
  rules.wants_body = [&](const request& r) {
    ++asked;
    CHECK(r.method == "POST");
    return wanted;
  };
  auto long_body = std::string(small_body + 1, 'x');
  auto whole = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(long_body.size()) +
               "\r\n\r\n" + long_body;
  auto in_chunks = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n" +
                   long_body.substr(1) + "\r\n1\r\nx\r\n0\r\n\r\n";
  for (const auto& bytes : {whole, in_chunks}) {
    for (bool answer : {false, true}) {
      asked = 0;
      wanted = answer;
      auto all = read(bytes, 4096);
      REQUIRE(all.size() == 1);
      CHECK(asked >= 1);
      CHECK(all[0].body_size == long_body.size());
      CHECK((all[0].missing == unread::nothing) == answer);
      CHECK(all[0].body.size() == (answer ? long_body.size() : 0));
    }
  }
  asked = 0;
  CHECK(read(posted, 10).size() == 1);
  CHECK(asked == 0);
}

TEST_CASE_FIXTURE(fixture, "whether a body is wanted is asked again as it grows") {
  int asked = 0;
  rules.wants_body = [&](const request&) { return ++asked < 3; };
  auto all = read("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n" +
                      std::string(9'000'000, 'x'),
                  16 << 10);
  REQUIRE(all.size() == 1);
  CHECK(all[0].missing == unread::body);
  CHECK(all[0].body.empty());
  CHECK(asked == 3);
}

TEST_CASE_FIXTURE(fixture, "bytes are counted as they arrive, and returned with the request") {
  rules.budget = std::make_shared<nekod::byte_budget>(1 << 20);
  auto head = std::string{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"};
  request_reader reader{std::make_shared<reading_rules>(rules)};
  reader.take(head.substr(0, 20));
  CHECK(rules.budget->used() >= 20);
  CHECK(rules.budget->used() < 100);
  reader.take(head.substr(20));
  CHECK(rules.budget->used() == 0);
  reader.take(std::string(1000, 'x'));
  CHECK(rules.budget->used() >= body_copies * 1000);
  CHECK(rules.budget->used() < body_copies * 4000);
  reader.take(std::string(99'000, 'x'));
  REQUIRE(reader.whole());
  {
    auto all = reader.release();
    CHECK(all.body.size() == 100'000);
    CHECK(all.body.capacity() == 100'000);
    CHECK(rules.budget->used() == body_copies * 100'000 + head.size());
  }
  CHECK(rules.budget->used() == 0);
}

TEST_CASE_FIXTURE(fixture, "without room, a request breaks off and holds nothing") {
  const std::string long_head = "GET /" + std::string(50'000, 'x');
  const std::string sized =
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n" + std::string(60'000, 'x');
  const std::string in_chunks = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                                "\r\n8000\r\n" +
                                std::string(0x8000, 'x') + "\r\n";
  for (const auto& bytes : {long_head, sized, in_chunks}) {
    CAPTURE(bytes.substr(0, 60));
    rules.budget = std::make_shared<nekod::byte_budget>(60'000);
    auto all = read(bytes + plain, 1000);
    REQUIRE(all.size() == 1);
    CHECK(all[0].missing == unread::room);
    CHECK_FALSE(all[0].keep_alive);
    CHECK(all[0].body.empty());
    CHECK(rules.budget->used() == 0);
  }
  // A request that is whole at once needs no room for its head.
  rules.budget = std::make_shared<nekod::byte_budget>(0);
  CHECK(read(plain, plain.size())[0].missing == unread::nothing);
}

TEST_CASE_FIXTURE(fixture, "a client that waits for 100 Continue gets it once") {
  request_reader reader{std::make_shared<reading_rules>(rules)};
  std::string head =
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
  CHECK(reader.take(head) == head.size());
  CHECK(reader.take_continue_debt());
  CHECK_FALSE(reader.take_continue_debt());
  CHECK(reader.take("{}") == 2);
  CHECK(reader.whole());
  CHECK_FALSE(reader.take_continue_debt());
}

TEST_CASE_FIXTURE(fixture, "connections stay open as the version and the client say") {
  struct entry {
    const char* version;
    const char* field;
    bool stays;
  };
  const entry table[] = {
      {"1.1", "X-A: b", true},
      {"1.1", "Connection: close", false},
      {"1.1", "Connection: te, Close", false},
      {"1.1", "Connection: closed", true},
      {"1.0", "X-A: b", false},
      {"1.0", "Connection: Keep-Alive", true},
      {"1.0", "Connection: keep-alive, close", false},
  };
  for (const auto& e : table) {
    CAPTURE(e.version);
    CAPTURE(e.field);
    auto all =
        read(std::string{"GET / HTTP/"} + e.version + "\r\nHost: a\r\n" + e.field + "\r\n\r\n", 99);
    REQUIRE(all.size() == 1);
    CHECK(all[0].keep_alive == e.stays);
    CHECK(all[0].takes_chunks == (std::string{e.version} == "1.1"));
  }
}

// -- bodies that are handed on as they come
// --------------------------------------------------------

namespace {

struct streaming : fixture {
  streaming() {
    rules.max_body = 10;
    rules.streams_body = [](const request& r) -> std::optional<std::uint64_t> {
      if (r.path != "/stream")
        return std::nullopt;
      return 100'000;
    };
  }

  /// What came over a pipe, and its end.
  static std::string all_of(body_pipe& pipe) {
    std::string result;
    std::string piece(7, '\0');
    for (;;) {
      auto read = pipe.read(piece.data(), piece.size(), [] {});
      if (read.size == 0)
        return result;
      result.append(piece, 0, read.size);
    }
  }

  /// The requests in *bytes*, which come in pieces of *size*; each's body is in `body`.
  std::vector<request> read_streams(const std::string& bytes, std::size_t size) {
    request_reader reader{std::make_shared<reading_rules>(rules)};
    std::vector<request> result;
    auto drain = [&] {
      for (auto& r : result)
        if (r.stream)
          r.body += all_of(*r.stream);
    };
    for (std::size_t i = 0; i < bytes.size() && !reader.broken(); i += size) {
      auto piece = bytes.substr(i, size);
      while (!piece.empty() && !reader.broken()) {
        piece.erase(0, reader.take(piece));
        if (reader.take_continue_debt())
          ++continued;
        if (reader.whole())
          result.push_back(reader.release());
        drain();
      }
    }
    return result;
  }

  static std::string head(const std::string& more) {
    return "POST /stream HTTP/1.1\r\nHost: a\r\n" + more + "\r\n\r\n";
  }

  int continued = 0;
};

} // namespace

TEST_CASE_FIXTURE(streaming, "a body is passed on after its head, in pieces of any size") {
  const std::string body(70'000, 'b');
  const auto bytes = head("Content-Length: 70000") + body + head("Transfer-Encoding: chunked") +
                     "3\r\nabc\r\n5;x\r\ndefgh\r\n0\r\nT: x\r\n\r\n" + plain;
  for (std::size_t size : {1u, 3u, 1000u, 1'000'000u}) {
    CAPTURE(size);
    auto all = read_streams(bytes, size);
    REQUIRE(all.size() == 3);
    CHECK(all[0].body == body);
    CHECK(all[0].stream->length() == 70'000u);
    CHECK(all[0].body_size == 70'000);
    CHECK(all[1].body == "abcdefgh");
    CHECK_FALSE(all[1].stream->length());
    CHECK(all[2].path == "/health");
    for (std::size_t i : {0u, 1u}) {
      CHECK(all[i].stream->how() == body_pipe::ending::whole);
      CHECK(all[i].keep_alive);
    }
  }
}

TEST_CASE_FIXTURE(streaming, "a small body of a known length is delivered whole") {
  rules.max_body = 1'000'000;
  auto all = read_streams(head("Content-Length: 5") + "hello", 2);
  REQUIRE(all.size() == 1);
  CHECK_FALSE(all[0].stream);
  CHECK(all[0].body == "hello");
}

TEST_CASE_FIXTURE(streaming,
                  "a client that expects 100 Continue gets it before its request is delivered") {
  auto all = read_streams(head("Expect: 100-continue\r\nContent-Length: 70000"), 1000);
  CHECK(continued == 1);
  REQUIRE(all.size() == 1);
  CHECK(all[0].stream);
}

TEST_CASE_FIXTURE(streaming, "a body beyond its limit breaks off") {
  auto all = read_streams(head("Content-Length: 100001") + "x", 1000);
  REQUIRE(all.size() == 1);
  CHECK(all[0].missing == unread::body);
  CHECK(all[0].body_size == 100'001);
  CHECK_FALSE(all[0].stream);
  auto chunk = "c350\r\n" + std::string(50'000, 'x') + "\r\n";
  all = read_streams(head("Transfer-Encoding: chunked") + chunk + chunk + "1\r\n", 1000);
  REQUIRE(all.size() == 1);
  CHECK(all[0].missing == unread::nothing);
  CHECK(all[0].stream->how() == body_pipe::ending::too_long);
  CHECK(all[0].body.size() == 100'000);
}

TEST_CASE_FIXTURE(streaming, "invalid chunks break off") {
  for (const auto* bad : {"x\r\n", "3\r\nabcd\r\n", "3\r\nabc\n", "fffffffffffffffff\r\n"}) {
    CAPTURE(bad);
    auto all = read_streams(head("Transfer-Encoding: chunked") + bad, 1);
    REQUIRE(all.size() == 1);
    CHECK(all[0].stream->how() == body_pipe::ending::malformed);
  }
}
