#include "http/client/h1/body_framing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace nekod::http;
using state = body_framing::state;

namespace {

struct reading {
  std::string data;
  std::size_t taken = 0;
  state how = state::more;

  bool operator==(const reading&) const = default;
};

/// Reads *bytes* in pieces of *size*, up to the end.
reading read(body_framing body, std::string_view bytes, std::size_t size) {
  reading result;
  while (result.how == state::more && result.taken < bytes.size()) {
    auto piece = bytes.substr(result.taken, size);
    while (!piece.empty() && result.how == state::more) {
      const auto next = body.take(piece);
      REQUIRE(next.taken > 0);
      result.data += next.data;
      result.taken += next.taken;
      result.how = next.how;
      piece.remove_prefix(next.taken);
    }
  }
  return result;
}

void check(body_framing body, const std::string& bytes, const reading& expected) {
  CAPTURE(bytes);
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    CAPTURE(size);
    const auto got = read(body, bytes, size);
    CHECK(got.data == expected.data);
    CHECK(got.how == expected.how);
    if (expected.how == state::ended)
      CHECK(got.taken == expected.taken);
  }
}

} // namespace

TEST_CASE("a body with a length ends there") {
  check(body_framing::of_length(5), "helloHTTP", {"hello", 5, state::ended});
  check(body_framing::of_length(5), "hell", {"hell", 4, state::more});
  CHECK(body_framing::of_length(0).is_empty());
  CHECK(body_framing::none().is_empty());
}

TEST_CASE("a chunked body ends after its trailers") {
  const std::string chunks = "5\r\nhello\r\n1;a=b\r\n!\r\n000\r\nX-A: b\r\n\r\n";
  check(body_framing::chunked(), chunks + "HTTP", {"hello!", chunks.size(), state::ended});
  check(body_framing::chunked(), "A\r\n0123", {"0123", 7, state::more});
  const std::string padded = "5 \r\nhello\r\n1 ;a=b\r\n!\r\n0\t\r\n\r\n";
  check(body_framing::chunked(), padded, {"hello!", padded.size(), state::ended});
}

TEST_CASE("broken chunks give what came before them") {
  check(body_framing::chunked(), "2\r\nokX", {"ok", 0, state::malformed});
  check(body_framing::chunked(), "2\r\nok\r\r", {"ok", 0, state::malformed});
  check(body_framing::chunked(), "2\nok\r\n", {"", 0, state::malformed});
  check(body_framing::chunked(), "zz\r\n", {"", 0, state::malformed});
  check(body_framing::chunked(), "-1\r\n", {"", 0, state::malformed});
  check(body_framing::chunked(), "1000000000000000000\r\n", {"", 0, state::malformed});
}

TEST_CASE("a body without any of that lasts until the close") {
  check(body_framing::until_close(), "all of it", {"all of it", 9, state::more});
  CHECK(body_framing::until_close().ends_by_close());
}
