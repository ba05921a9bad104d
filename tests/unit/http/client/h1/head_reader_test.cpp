#include "http/client/h1/head_reader.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace nekod::http;
using state = head_reader::state;

namespace {

const std::string usual = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\n";

std::string head(const std::string& fields, const std::string& status = "HTTP/1.1 200 OK") {
  return status + "\r\n" + fields + "\r\n";
}

auto parsed(const std::string& fields) { return parse_message_head(head(fields), false); }

/// The bytes of the body of *text* that a body of that head takes, and whether it then has ended.
std::pair<std::string, bool> body_of(std::optional<message_head> head, std::string_view text) {
  REQUIRE(head);
  if (head->body.is_empty())
    return {"", true};
  const auto piece = head->body.take(text);
  return {std::string{piece.data}, piece.how == body_framing::state::ended};
}

} // namespace

TEST_CASE("a head is complete at its blank line, however it is split") {
  const auto bytes = usual + "hello";
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    head_reader reader;
    std::size_t taken = 0;
    auto how = state::more;
    while (how == state::more) {
      const auto result = reader.take(std::string_view{bytes}.substr(taken, size));
      how = result.how;
      taken += result.taken;
    }
    CHECK(how == state::complete);
    CHECK(taken == usual.size());
    CHECK(reader.text() == usual);
    reader.restart();
    CHECK(reader.take(usual).how == state::complete);
    CHECK(reader.text() == usual);
  }
}

TEST_CASE("what is no head shows at its first byte, and a long one has an end") {
  CHECK(head_reader{}.take("X").how == state::malformed);
  CHECK(head_reader{}.take("HTTX/1.1 200 OK\r\n").how == state::malformed);
  CHECK(head_reader{}.take("\r\nHTTP/1.1 200 OK\r\n").how == state::malformed);
  CHECK(head_reader{}.take("HT").how == state::more);
  head_reader reader;
  reader.take("HTTP/1.1 200 OK\r\n");
  auto how = state::more;
  for (int i = 0; i < 1000 && how == state::more; ++i)
    how = reader.take("X-A: " + std::string(1000, 'b') + "\r\n").how;
  CHECK(how == state::too_long);
}

TEST_CASE("the body has a length, is chunked, lasts until the close, or is not there") {
  CHECK(body_of(parsed("Content-Length: 3\r\n"), "abcd") == std::pair{std::string{"abc"}, true});
  CHECK(body_of(parsed("Content-Length: 3\r\nContent-Length: 3, 3\r\n"), "abcd").first == "abc");
  CHECK(body_of(parsed("content-length: 0\r\n"), "a").second);
  CHECK(body_of(parsed("Transfer-Encoding: Chunked\r\n"), "1\r\na\r\n0\r\n\r\n").first == "a");
  CHECK(body_of(parsed(""), "abc") == std::pair{std::string{"abc"}, false});
  CHECK(parsed("")->body.ends_by_close());
  for (const auto* status : {"HTTP/1.1 204 No Content", "HTTP/1.1 304 x", "HTTP/1.1 103 x"})
    CHECK(parse_message_head(head("Content-Length: 3\r\n", status), false)->body.is_empty());
  CHECK(parse_message_head(head("Content-Length: 3\r\n"), true)->body.is_empty());
}

TEST_CASE("what could be two messages, or is none, is malformed") {
  for (const auto* fields : {"Content-Length: 3\r\nContent-Length: 4\r\n",
                             "Content-Length: 3, 4\r\n",
                             "Content-Length: -3\r\n",
                             "Content-Length: +3\r\n",
                             "Content-Length: 0x3\r\n",
                             "Content-Length: 3 3\r\n",
                             "Content-Length: \r\n",
                             "Content-Length: ,\r\n",
                             "Content-Length: 18446744073709551618\r\n",
                             "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
                             "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                             "Transfer-Encoding: gzip\r\n",
                             "Transfer-Encoding: gzip, chunked\r\n",
                             "Transfer-Encoding: xchunked\r\n",
                             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                             "Content-Length : 3\r\n",
                             " Content-Length: 3\r\n",
                             "X-A: b\r\n folded\r\n",
                             "X-A\r\n",
                             ": b\r\n",
                             "X(A): b\r\n",
                             "X-A: b\rX-B: c\r\n"}) {
    CAPTURE(fields);
    CHECK_FALSE(parsed(fields));
  }
  CHECK_FALSE(parsed(std::string{"X-A: b\0c\r\n", 10}));
  for (const auto* status :
       {"HTTP/1.2 200 OK", "HTTP/2 200", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 OK",
        "HTTP/1.1  200 OK", "HTTP/1.1 200OK", "http/1.1 200 OK", "HTTP/1.1 2x0 OK"}) {
    CAPTURE(status);
    CHECK_FALSE(parse_message_head(head("", status), false));
  }
  CHECK_FALSE(parse_message_head(head("Transfer-Encoding: chunked\r\n", "HTTP/1.0 200 OK"), false));
}

TEST_CASE("what is unusual but clear is taken") {
  CHECK(parse_message_head(head("", "HTTP/1.1 200"), false)->status == 200);
  CHECK(parse_message_head(head("", "HTTP/1.1 404 "), false)->status == 404);
  CHECK(parse_message_head("HTTP/1.1 200 OK\nX-A: b\n\n", false));
  CHECK(parsed("X-A:\r\nX-B: \t c \t\r\nX-C: \xe4\xbd\xa0\r\n"));
}

TEST_CASE("the connection stays, unless its server says something else") {
  const auto keeps = [](const std::string& fields, const char* status = "HTTP/1.1 200 OK") {
    return parse_message_head(head(fields, status), false)->keeps_alive;
  };
  CHECK(keeps(""));
  CHECK_FALSE(keeps("Connection: Close\r\n"));
  CHECK_FALSE(keeps("Connection: x, close\r\n"));
  CHECK_FALSE(keeps("", "HTTP/1.0 200 OK"));
  CHECK(keeps("Connection: keep-alive\r\n", "HTTP/1.0 200 OK"));
  CHECK_FALSE(parsed("")->idle_time);
  CHECK(parsed("Keep-Alive: max=5, timeout=7\r\n")->idle_time == std::chrono::seconds{7});
}
