#include "protocol/text/json.hpp"
#include "protocol/text/json_strings.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod;

namespace {

std::string escaped(const std::string& text) {
  std::string out = "x";
  json::append_escaped(out, text);
  return out.substr(1);
}

} // namespace

TEST_CASE("each byte is escaped if JSON demands it, wherever it stands") {
  for (auto byte = 0; byte < 256; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    const auto form = escaped(one);
    CHECK((form != one) == (byte < 0x20 || byte == '"' || byte == '\\'));
    for (std::size_t length = 0; length < 20; ++length)
      for (std::size_t at = 0; at <= length; ++at) {
        const auto before = std::string(at, 'a');
        const auto behind = std::string(length - at, '\x7f');
        REQUIRE(escaped(before + one + behind) == before + form + behind);
      }
  }
}

TEST_CASE("texts come back as they were") {
  std::string text;
  for (auto i = 0; i < 200; ++i)
    text += i % 7 == 0 ? "\"\n" : i % 5 == 0 ? "猫\\" : "plain text";
  std::string out;
  json::append_quoted(out, text);
  const auto doc = json::parse(out);
  REQUIRE(doc);
  CHECK(json::text_of(doc.root) == text);
}
