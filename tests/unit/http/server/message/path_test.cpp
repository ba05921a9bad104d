#include "http/server/message/path.hpp"

#include <doctest/doctest.h>

using nekod::http::decode_percent;
using nekod::http::endpoint_path;

TEST_CASE("paths mean the same with and without v1 and stray slashes") {
  struct entry {
    const char* raw;
    const char* expected;
  };
  const entry table[] = {
      {"", "/"},
      {"/", "/"},
      {"//", "/"},
      {"/v1", "/"},
      {"/v1/", "/"},
      {"/v1/models", "/models"},
      {"/models/", "/models"},
      {"//v1///models//", "/models"},
      {"/v1/v1/models", "/v1/models"},
      {"/v10/models", "/v10/models"},
      {"/v1/models/org%2Fname", "/models/org%2Fname"},
  };
  for (const auto& e : table) {
    CAPTURE(e.raw);
    CHECK(endpoint_path(e.raw) == e.expected);
  }
}

TEST_CASE("percent-encodings are decoded once") {
  CHECK(decode_percent("org%2Fname") == "org/name");
  CHECK(decode_percent("a%252Fb") == "a%2Fb");
  CHECK(decode_percent("%e7%8c%AB") == "\u732b");
  CHECK(decode_percent("plain") == "plain");
  CHECK_FALSE(decode_percent("%").has_value());
  CHECK_FALSE(decode_percent("%4").has_value());
  CHECK_FALSE(decode_percent("%zz").has_value());
}

TEST_CASE("a query says yes in two ways") {
  CHECK(nekod::http::query_says("refresh=true", "refresh"));
  CHECK(nekod::http::query_says("a=b&refresh=1&c", "refresh"));
  for (const auto* no : {"", "refresh", "refresh=", "refresh=0", "refresh=yes", "a=refresh=1",
                         "refreshing=1", "&&", "refresh=0&refresh=1"})
    CHECK_FALSE(nekod::http::query_says(no, "refresh"));
}

TEST_CASE("a query has fields, decoded, in their order") {
  using fields = std::vector<std::pair<std::string, std::string>>;
  using nekod::http::query_fields;
  CHECK(query_fields("") == fields{});
  CHECK(query_fields("&&") == fields{});
  CHECK(query_fields("a=1&b&=c&a=") == fields{{"a", "1"}, {"b", ""}, {"", "c"}, {"a", ""}});
  CHECK(query_fields("model=Orange+Cat&x%20y=%2B=%26") ==
        fields{{"model", "Orange Cat"}, {"x y", "+=&"}});
  CHECK_FALSE(query_fields("a=1&b=%zz").has_value());
}
