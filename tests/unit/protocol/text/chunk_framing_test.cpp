#include "protocol/text/chunk_framing.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

using namespace nekod::http;

namespace {

using part = chunk_framing::part;

/// What *bytes* say, given in pieces of *size*.
struct reading {
  reading(std::string_view bytes, std::size_t size, bool padded = false) {
    chunk_framing framing{padded};
    while (!bytes.empty()) {
      auto given = bytes.substr(0, size);
      bytes.remove_prefix(given.size());
      while (!given.empty()) {
        const auto piece = framing.take(given);
        REQUIRE(piece.taken <= given.size());
        if (piece.what == part::chunk)
          sizes.push_back(piece.size);
        else if (piece.what == part::data)
          body.append(given.substr(0, piece.taken));
        given.remove_prefix(piece.taken);
        if (piece.what == part::end || piece.what == part::malformed) {
          end = piece.what;
          left = given.size() + bytes.size();
          return;
        }
      }
    }
  }

  std::vector<std::uint64_t> sizes;
  std::string body;
  std::optional<part> end;
  /// Bytes behind the end.
  std::size_t left = 0;
};

} // namespace

TEST_CASE("chunks are joined, however they are split, and nothing after them is read") {
  const std::string body = "2;x=y\r\nhe\r\n0003\r\nllo\r\n0\r\nX-B: c\r\n\r\nGET";
  for (std::size_t size = 1; size <= body.size(); ++size) {
    CAPTURE(size);
    const reading all{body, size};
    CHECK(all.sizes == std::vector<std::uint64_t>{2, 3});
    CHECK(all.body == "hello");
    CHECK(all.end == part::end);
    CHECK(all.left == 3);
  }
}

TEST_CASE("framing that can be read in two ways is malformed") {
  for (const std::string body :
       {"2\nhe\r\n0\r\n\r\n", "2 \r\nhe\r\n", "0x2\r\nhe\r\n", "\r\n", "+2\r\nhe", "2\r\nhel\r\n",
        "2\r\nhe\n0\r\n", "1234567890123456\r\n", "2;a\x01=b\r\n", "0\r\nX: y\n\r\n", "0\r\n\n"}) {
    CAPTURE(body);
    CHECK(reading{body, 1}.end == part::malformed);
    CHECK(reading{body, body.size()}.end == part::malformed);
  }
}

TEST_CASE("white space may follow a size where it is accepted, and nothing else may") {
  for (const std::string line : {"2 \r\n", "2\t \r\n", "2 ;a=b\r\n", "2      ;a\r\n"}) {
    const auto body = line + "he\r\n0 \r\n\r\n";
    for (std::size_t size = 1; size <= body.size(); ++size) {
      CAPTURE(body);
      CHECK(reading{body, size, true}.body == "he");
      CHECK(reading{body, size, true}.end == part::end);
      CHECK(reading{body, size}.end == part::malformed);
    }
  }
  for (const std::string body : {"2 3\r\nhe", " 2\r\nhe", "2 a\r\nhe", "2 \nhe", " \r\nhe"}) {
    CAPTURE(body);
    CHECK(reading{body, 1, true}.end == part::malformed);
  }
}

TEST_CASE("chunk lines and trailers have limits") {
  const std::string long_extension(1100, 'x');
  CHECK(reading{"2;" + long_extension, 100}.end == part::malformed);
  const auto field = "X: " + std::string(1000, 'y') + "\r\n";
  std::string trailer = "0\r\n";
  for (int i = 0; i < 9; ++i)
    trailer += field;
  CHECK(reading{trailer + "\r\n", 500}.end == part::malformed);
  CHECK(reading{"0\r\n" + field + "\r\n", 500}.end == part::end);
}

TEST_CASE("an incomplete body has no end") {
  CHECK_FALSE(reading{"5\r\nhel", 2}.end);
  CHECK_FALSE(reading{"0\r\nX: y\r\n", 2}.end);
}
