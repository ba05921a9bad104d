#include "bench/load/response_reader.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod::load;
using state = response_reader::state;

namespace {

struct recorder : response_reader::sink {
  void on_head(const response_head& head) override { status = head.status; }
  void on_body(std::string_view bytes) override { body += bytes; }

  unsigned status = 0;
  std::string body;
};

/// Feeds *text* in pieces of *size* bytes until the response is complete or wrong.
state feed(response_reader& r, recorder& to, std::string_view text, std::size_t size = 1) {
  auto now = state::more;
  for (; !text.empty() && now == state::more; text.remove_prefix(std::min(size, text.size())))
    now = r.feed(text.substr(0, size), to);
  return now;
}

} // namespace

TEST_CASE("a response with a length is read from any split") {
  constexpr std::string_view text =
      "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 5\r\nX-Session-Match: new\r\n\r\nHello";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    response_reader r;
    recorder to;
    CAPTURE(size);
    CHECK(feed(r, to, text, size) == state::done);
    CHECK(to.status == 429);
    CHECK(to.body == "Hello");
    CHECK(r.head().session_match == "new");
    CHECK(r.head().keep_alive);
  }
}

TEST_CASE("a chunked response is read from any split, and the next one after it") {
  constexpr std::string_view text =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
  response_reader r;
  for (std::size_t size = 1; size <= text.size(); ++size) {
    recorder to;
    CAPTURE(size);
    r.reset();
    CHECK(feed(r, to, text, size) == state::done);
    CHECK(to.body == "abc");
  }
}

TEST_CASE("an interim response is skipped") {
  response_reader r;
  recorder to;
  CHECK(feed(r, to, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") ==
        state::done);
  CHECK(to.status == 200);
}

TEST_CASE("a body without a length continues until the connection closes") {
  response_reader r;
  recorder to;
  CHECK_FALSE(r.begun());
  CHECK(feed(r, to, "HTTP/1.0 200 OK\r\n\r\nabc") == state::more);
  CHECK(r.begun());
  CHECK(r.ends_by_closing());
  CHECK(to.body == "abc");
  CHECK_FALSE(r.head().keep_alive);
}

TEST_CASE("a server may ask to close the connection") {
  CHECK_FALSE(parse_head("HTTP/1.1 200 OK\r\nConnection: Close")->keep_alive);
  CHECK(parse_head("HTTP/1.1 200 OK\r\nConnection: keep-alive")->keep_alive);
}

TEST_CASE("an invalid response is noticed") {
  for (auto text : {"garbage\r\n\r\n", "HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno field\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx"}) {
    response_reader r;
    recorder to;
    CAPTURE(text);
    CHECK(feed(r, to, text) == state::bad);
  }
}

TEST_CASE("bytes after a response are a fault") {
  response_reader r;
  recorder to;
  CHECK(r.feed("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", to) == state::bad);
}

TEST_CASE("an endless head is given up") {
  response_reader r;
  recorder to;
  CHECK(feed(r, to, "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'), 4096) == state::bad);
}
