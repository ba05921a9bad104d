#include "actors/store/postgres/value_text.hpp"

#include <doctest/doctest.h>

using namespace nekod::postgres;

TEST_CASE("arrays are read as they were written, whatever is in their elements") {
  const std::vector<std::string> all{"", "one", "NULL", R"(a "b" \ c)", "{x,y}", "猫\n", " "};
  const auto text = array_text({all.begin(), all.end()});
  CHECK(parse_array(text) == all);
  CHECK(array_text({}) == "{}");
  CHECK(parse_array("{}")->empty());
}

TEST_CASE("arrays are read as the server writes them") {
  CHECK(parse_array(R"({one,"t,w\"o",NULL,""})") ==
        std::vector<std::string>{"one", "t,w\"o", "", ""});
}

TEST_CASE("what is not an array is not read") {
  for (const auto* text : {"", "x", "{", "{a", "{a,", R"({"a)", R"({"a\)", "{a}b", R"({"a"b})"})
    CHECK_FALSE(parse_array(text));
}

TEST_CASE("bytes are read as they were written") {
  const std::string bytes{"\0\x01\xff a", 5};
  CHECK(bytes_text(bytes) == "\\x0001ff2061");
  CHECK(parse_bytes(bytes_text(bytes)) == bytes);
  CHECK(parse_bytes("\\x").empty());
  CHECK(parse_bytes("abc").empty());
  CHECK(parse_bytes("\\x0g").empty());
}
