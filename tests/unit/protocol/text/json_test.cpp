#include "protocol/text/json.hpp"
#include "protocol/text/json_strings.hpp"
#include "protocol/text/utf8.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace nekod;
using json::fault;

namespace {

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i)
    out += text;
  return out;
}

} // namespace

TEST_CASE("a text that is not JSON is reported by its fault and position") {
  struct row {
    std::string_view text;
    fault error;
    std::size_t offset;
  };
  const std::vector<row> rows{
      {"", fault::empty, 0},
      {" \t\r\n", fault::empty, 4},
      {"\xEF\xBB\xBF", fault::empty, 3},
      {"{", fault::syntax, 1},
      {"[1,]", fault::syntax, 3},
      {R"({"a":1,})", fault::syntax, 7},
      {R"({"a" 1})", fault::syntax, 5},
      {R"({a:1})", fault::syntax, 1},
      {"{} {}", fault::syntax, 3},
      {"1 x", fault::syntax, 2},
      {"]", fault::syntax, 0},
      {"nul", fault::syntax, 3},
      {"'a'", fault::syntax, 0},
      {R"("a)", fault::syntax, 2},
      {"\"a\nb\"", fault::syntax, 2},
      {R"("\x41")", fault::syntax, 1},
      {R"("\u12g4")", fault::syntax, 1},
      {"// no\n1", fault::syntax, 0},
      {"01", fault::syntax, 1},
      {"+1", fault::syntax, 0},
      {".5", fault::syntax, 0},
      {"1.", fault::syntax, 2},
      {"1e", fault::syntax, 2},
      {"-", fault::syntax, 1},
      {"NaN", fault::syntax, 0},
      {"1e400", fault::syntax, 0},
      {"9e308", fault::syntax, 0},
      {{"{}\0", 3}, fault::syntax, 2},
      {{"{}\0{", 4}, fault::syntax, 2},
      {{"\"a\0b\"", 5}, fault::syntax, 2},
      {R"("\ud800")", fault::encoding, 1},
      {R"("\ud800x")", fault::encoding, 1},
      {R"("\ud83d\u0041")", fault::encoding, 1},
      {R"("\udc00")", fault::encoding, 8},
      {R"({"\ude00":1})", fault::encoding, 9},
      {"\"\xC0\xAF\"", fault::encoding, 1},
      {"\"\xED\xA0\x80\"", fault::encoding, 1},
      {"\"ab\xE4\xBD", fault::encoding, 3},
      {"\xEF\xBB\xBF\"\xFF\"", fault::encoding, 4},
      {"\xEF\xBB\xBF{", fault::syntax, 4},
      {"\xEF\xBB\xBF\xEF\xBB\xBF{}", fault::syntax, 3},
  };
  for (const auto& r : rows) {
    CAPTURE(r.text);
    const auto doc = json::parse(r.text);
    CHECK(!doc);
    CHECK(doc.error == r.error);
    CHECK(doc.offset == r.offset);
    CHECK(doc.root.IsNull());
  }
}

TEST_CASE("a JSON text comes out as it went in") {
  const std::vector<std::string_view> texts{
      "null",
      "true",
      "-1",
      "9223372036854775807",
      "-9223372036854775808",
      "18446744073709551615",
      "0.5",
      "\"\"",
      R"("a\"\\\n")",
      R"("\u0000")",
      R"("你好🐱")",
      "[]",
      "{}",
      R"({"a":[1,{"b":[]}],"a long name of a member":"and a long text for it"})"};
  for (const auto text : texts) {
    CAPTURE(text);
    const auto doc = json::parse(text);
    REQUIRE(doc);
    CHECK(json::to_text(doc.root) == text);
  }
}

TEST_CASE("escapes and a byte-order mark are resolved") {
  struct row {
    std::string_view text;
    std::string_view value;
  };
  const std::vector<row> rows{
      {R"("\u4f60\u597D")", "你好"},  {R"("\ud83d\ude00")", "😀"},
      {R"("a\u0000b")", {"a\0b", 3}}, {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
      {"\xEF\xBB\xBF \"x\" ", "x"},   {"\"\x7F\"", "\x7F"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.text);
    const auto doc = json::parse(r.text);
    REQUIRE(doc);
    REQUIRE(doc.root.IsString());
    CHECK(json::text_of(doc.root) == r.value);
  }
}

TEST_CASE("a text larger than a document's own memory is kept whole") {
  const auto word = repeat("猫", 100'000);
  const auto doc = json::parse("[\"" + word + "\"," + repeat("0,", 100'000) + "1]");
  REQUIRE(doc);
  REQUIRE(doc.root.Size() == 100'002);
  CHECK(json::text_of(doc.root[0]) == word);
  CHECK(json::integer_of(doc.root[100'001]) == 1);
}

TEST_CASE("nesting is accepted up to the limit only") {
  for (const std::size_t limit : {1u, 2u, 64u}) {
    CAPTURE(limit);
    const auto deepest = repeat("[", limit) + repeat("]", limit);
    CHECK(json::parse(deepest, limit).error == fault::none);
    CHECK(json::parse("[" + deepest + "]", limit).error == fault::too_deep);
    CHECK(json::parse(R"({"a":)" + deepest + "}", limit).error == fault::too_deep);
  }
  CHECK(json::parse("[[],[],{},{\"a\":[]}]", 3).error == fault::none);
  CHECK(json::parse("[\"" + repeat("[", 100) + "\"]").error == fault::none);
  CHECK(json::parse("1", 0).error == fault::none);
}

TEST_CASE("no depth exhausts the stack") {
  for (const std::string_view unit : {"[", R"({"a":)", "[{\"a\":"}) {
    CAPTURE(unit);
    CHECK(json::parse(repeat(unit, 1'000'000)).error == fault::too_deep);
  }
}

TEST_CASE("numbers with hostile exponents are refused or exact") {
  CHECK(json::parse("0.1234567890123e-2147483639").error == fault::syntax);
  CHECK(json::parse("1.5e-99999999999999999999").error == fault::syntax);
  CHECK(json::parse("1e99999999999999999999").error == fault::syntax);
  CHECK(json::parse(repeat("9", 400)).error == fault::syntax);
  const auto doc = json::parse("[0." + repeat("0", 300) + "5,0.1,1.7976931348623157e308]");
  REQUIRE(doc);
  CHECK(doc.root[0].GetDouble() == 5e-301);
  CHECK(doc.root[1].GetDouble() == 0.1);
  CHECK(doc.root[2].GetDouble() == 1.7976931348623157e308);
}

TEST_CASE("a member is found by name, the first of several, and only in an object") {
  const auto doc = json::parse(R"({"a":1,"a":2,"":3,"s":"text","a\u0000":4})");
  REQUIRE(doc);
  REQUIRE(json::find(doc.root, "a") != nullptr);
  CHECK(json::find(doc.root, "a")->GetInt() == 1);
  REQUIRE(json::find(doc.root, "") != nullptr);
  CHECK(json::find(doc.root, "")->GetInt() == 3);
  CHECK(json::find(doc.root, "b") == nullptr);
  CHECK(json::find(*json::find(doc.root, "a"), "a") == nullptr);
  CHECK(json::find_string(doc.root, "s") == "text");
  CHECK(json::find_string(doc.root, "a") == std::nullopt);
  CHECK(json::find_string(doc.root, "b") == std::nullopt);
}

TEST_CASE("whole numbers are integers however they are written") {
  struct row {
    std::string_view text;
    std::optional<std::int64_t> value;
  };
  const std::vector<row> rows{
      {"0", 0},
      {"-0", 0},
      {"100", 100},
      {"100.0", 100},
      {"1e3", 1000},
      {"9223372036854775807", INT64_MAX},
      {"-9223372036854775808", INT64_MIN},
      {"-9223372036854775808.0", INT64_MIN},
      {"9223372036854775808", std::nullopt},
      {"9223372036854775808.0", std::nullopt},
      {"1e300", std::nullopt},
      {"0.5", std::nullopt},
      {"\"1\"", std::nullopt},
      {"true", std::nullopt},
      {"null", std::nullopt},
  };
  for (const auto& r : rows) {
    CAPTURE(r.text);
    const auto doc = json::parse(r.text);
    REQUIRE(doc);
    CHECK(json::integer_of(doc.root) == r.value);
  }
}

TEST_CASE("text is escaped no more than JSON requires") {
  struct row {
    std::string_view text;
    std::string_view quoted;
  };
  const std::vector<row> rows{
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"\"", R"("\"")"},
      {"a\"b\\c/d", R"("a\"b\\c/d")"},
      {"\b\f\n\r\t", R"("\b\f\n\r\t")"},
      {{"\0\x01\x1F", 3}, R"("\u0000\u0001\u001f")"},
      {"\x7F", "\"\x7F\""},
      {"你好，🐱\n", R"("你好，🐱\n")"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.text);
    std::string out;
    json::append_quoted(out, r.text);
    CHECK(out == r.quoted);
  }
}

TEST_CASE("every ASCII byte survives escaping and parsing") {
  std::string text;
  for (char c = 0; c < 0x7F; ++c)
    text += c;
  std::string quoted;
  json::append_quoted(quoted, text);
  const auto doc = json::parse(quoted);
  REQUIRE(doc);
  CHECK(json::text_of(doc.root) == text);
}

TEST_CASE("UTF-8 is distinguished from similar bytes") {
  const std::vector<std::string_view> good{"",
                                           "a",
                                           "\x7F",
                                           "\xC2\x80",
                                           "\xDF\xBF",
                                           "\xE0\xA0\x80",
                                           "\xED\x9F\xBF",
                                           "\xEE\x80\x80",
                                           "\xEF\xBF\xBF",
                                           "\xF0\x90\x80\x80",
                                           "\xF4\x8F\xBF\xBF",
                                           {"\0", 1}};
  const std::vector<std::string_view> bad{"\x80",
                                          "\xBF",
                                          "\xC0\x80",
                                          "\xC1\xBF",
                                          "\xC2",
                                          "\xC2\x7F",
                                          "\xC2\xC0",
                                          "\xE0\x9F\xBF",
                                          "\xE0\xA0",
                                          "\xE1\x80\x7F",
                                          "\xED\xA0\x80",
                                          "\xED\xBF\xBF",
                                          "\xF0\x8F\xBF\xBF",
                                          "\xF0\x90\x80",
                                          "\xF1\x80\x80\xC0",
                                          "\xF4\x90\x80\x80",
                                          "\xF5\x80\x80\x80",
                                          "\xFE",
                                          "\xFF"};
  // Runs of ASCII are skipped word by word: each case is tried at every position in a word.
  for (std::size_t shift = 0; shift < 17; ++shift) {
    const std::string before(shift, 'x');
    for (const auto& text : good) {
      CAPTURE(text);
      CHECK(is_utf8(before + std::string{text} + "0123456789"));
      CHECK(is_utf8(before + std::string{text}));
    }
    for (const auto& text : bad) {
      CAPTURE(text);
      CHECK_FALSE(is_utf8(before + std::string{text} + "0123456789"));
      CHECK_FALSE(is_utf8(before + std::string{text}));
    }
  }
}
