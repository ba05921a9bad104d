#include "protocol/text/json.hpp"
#include "protocol/text/json_halves.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace nekod;

TEST_CASE("a lone half is distinguished from a pair and from similar text") {
  struct row {
    std::string_view text;
    std::string_view without;
  };
  const std::vector<row> rows{
      {R"()", R"()"},
      {R"("a")", R"("a")"},
      {R"("\ud83d\ude00")", R"("\ud83d\ude00")"},
      {R"("\uD83D\uDE00\ud83d")", R"("\uD83D\uDE00\ufffd")"},
      {R"("\ud83d")", R"("\ufffd")"},
      {R"("\uDe00")", R"("\ufffd")"},
      {R"("\ud83d\ud83d\ude00")", R"("\ufffd\ud83d\ude00")"},
      {R"("\ude00\ud83d")", R"("\ufffd\ufffd")"},
      {R"("\ud83d\n\ude00")", R"("\ufffd\n\ufffd")"},
      {R"("\ud83d","\ude00")", R"("\ufffd","\ufffd")"},
      {R"("\\ud83d")", R"("\\ud83d")"},
      {R"("\\\ud83d")", R"("\\\ufffd")"},
      {R"("\ud83d\\ude00")", R"("\ufffd\\ude00")"},
      {R"("\ud7ff\ue000\u0041")", R"("\ud7ff\ue000\u0041")"},
      {R"({"\ud83d":"\udfff"})", R"({"\ufffd":"\ufffd"})"},
      // Only valid escapes count.
      {R"("\ud83)", R"("\ud83)"},
      {R"("\ud83g\u-800\ud8)", R"("\ud83g\u-800\ud8)"},
      {R"("\)", R"("\)"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.text);
    CHECK(json::has_lone_half(r.text) == (r.text != r.without));
    CHECK(json::without_lone_halves(r.text) == r.without);
  }
}

TEST_CASE("an upstream's text is read with U+FFFD for a lone half, and refused for other faults") {
  CHECK(json::parse(R"(["\ud83d"])").error == json::fault::encoding);
  const auto doc = json::parse_foreign(R"(["a\ud83d","\ud83d\ude00"])");
  REQUIRE(doc);
  CHECK(json::to_text(doc.root) == "[\"a\uFFFD\",\"😀\"]");
  CHECK(json::parse_foreign("\"\xED\xA0\xBD\"").error == json::fault::encoding);
  CHECK(json::parse_foreign("\"\xE4\xBD\"").error == json::fault::encoding);
  CHECK(json::parse_foreign(R"(["\ud83d")").error == json::fault::syntax);
  CHECK(json::parse_foreign(R"(\ud83d)").error == json::fault::syntax);
}

namespace {

/// Joins the strings *first* and *second*; returns both results, and the half that waits for
/// another text.
std::vector<std::string> join(std::string_view first, std::string_view second) {
  std::string half;
  json::joined_text a{first};
  a.join(first, half);
  json::joined_text b{second};
  b.join(second, half);
  return {a.finish(), b.finish(), half};
}

} // namespace

TEST_CASE("halves at the end of one string and the beginning of the next are one character") {
  using strings = std::vector<std::string>;
  CHECK(join(R"("a\ud83d")", R"("\ude00b")") == strings{R"("a")", R"("\ud83d\ude00b")", ""});
  CHECK(join(R"("\ud83d")", R"("b")") == strings{R"("")", R"("\ufffdb")", ""});
  CHECK(join(R"("\ud83d")", R"("")") == strings{R"("")", R"("")", R"(\ud83d)"});
  CHECK(join(R"("a")", R"("\ude00")") == strings{R"("a")", R"("\ufffd")", ""});
  CHECK(join(R"("\ud83d\ude00")", R"("\ude00")") ==
        strings{R"("\ud83d\ude00")", R"("\ufffd")", ""});
  CHECK(join(R"("\\ud83d")", R"("\ude00")") == strings{R"("\\ud83d")", R"("\ufffd")", ""});
  CHECK(join(R"("\ud83d\ud83d")", R"("\ude00")") ==
        strings{R"("\ufffd")", R"("\ud83d\ude00")", ""});
  CHECK(join(R"("a")", R"("\ud83d")") == strings{R"("a")", R"("")", R"(\ud83d)"});
  CHECK(join("7", R"("\ude00")") == strings{"7", R"("\ufffd")", ""});
}

TEST_CASE("the rest of a text in which strings are joined stays as it is") {
  const std::string_view text = R"({ "a":"x\ud83d", "\ud83d":1.50,"b":"\ude00" })";
  const auto span = [&](std::string_view part) {
    return text.substr(text.find(part), part.size());
  };
  std::string half;
  json::joined_text out{text};
  out.join(span(R"("x\ud83d")"), half);
  out.join(span("1.50"), half);
  CHECK(half == R"(\ud83d)");
  out.join(span(R"("\ude00")"), half);
  CHECK(out.finish() == R"({ "a":"x", "\ufffd":1.50,"b":"\ud83d\ude00" })");
}
