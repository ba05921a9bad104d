#include "bench/load/chunked_decoder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace nekod::load;
using state = chunked_decoder::state;

namespace {

struct decoded {
  std::string body;
  state end = state::more;
  std::string left;
};

/// Decodes *text*, fed in pieces of *size* bytes.
decoded decode(std::string_view text, std::size_t size) {
  chunked_decoder d;
  decoded result;
  while (!text.empty() && result.end == state::more) {
    auto piece = text.substr(0, size);
    const auto given = piece.size();
    result.end = d.feed(piece, [&](std::string_view bytes) { result.body += bytes; });
    text.remove_prefix(given - piece.size());
  }
  result.left = text;
  return result;
}

} // namespace

TEST_CASE("chunks are joined, however they are split") {
  constexpr std::string_view text = "5\r\nHello\r\n1\r\n \r\nA;x=\"y\"\r\n0123456789\r\n"
                                    "00c\r\n\r\n0\r\n\r\n5\r\nab\r\n0\r\nTrailer: 1\r\n\r\nmore";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    CAPTURE(size);
    const auto d = decode(text, size);
    CHECK(d.body == "Hello 0123456789\r\n0\r\n\r\n5\r\nab");
    CHECK(d.end == state::done);
    CHECK(d.left == "more");
  }
}

TEST_CASE("a body without its last chunk is not complete") {
  for (auto text : {"5\r\nHel", "5\r\nHello\r\n", "5\r\nHello\r\n0\r\n", "5"})
    CHECK(decode(text, 1).end == state::more);
}

TEST_CASE("invalid framing is noticed") {
  for (auto text :
       {"\r\n", "x\r\n", "-1\r\n", "2\r\nabc\r\n", "ffffffffffffffffffff\r\n", "HTTP/1.1 200 OK"}) {
    CAPTURE(text);
    CHECK(decode(text, 1).end == state::bad);
  }
}
