#include "protocol/base_address.hpp"

#include <doctest/doctest.h>

using namespace nekod;

TEST_CASE("a call's path goes before the query of the base URL") {
  struct {
    const char* base;
    const char* path;
    const char* whole;
  } const table[] = {
      {"http://h/v1", "/models", "http://h/v1/models"},
      {"http://h:8080", "/models", "http://h:8080/models"},
      {"https://h/openai/deployments/x?api-version=2024-10-21", "/chat/completions",
       "https://h/openai/deployments/x/chat/completions?api-version=2024-10-21"},
      {"http://h?a=1/2", "/models", "http://h/models?a=1/2"},
      {"http://h/v1?a=b://c", "/models", "http://h/v1/models?a=b://c"},
      {"http://h/v1?a=1", "/list?id=2", "http://h/v1/list?id=2&a=1"},
      {"http://[::1]:1/v1?a", "/models", "http://[::1]:1/v1/models?a"},
  };
  for (const auto& row : table)
    CHECK(address_of(row.base, row.path) == row.whole);
}

TEST_CASE("an inexact base URL is tidied") {
  struct {
    const char* url;
    const char* tidy;
  } const table[] = {
      {"http://h/v1", "http://h/v1"},
      {"http://h/v1//", "http://h/v1"},
      {"http://h/", "http://h"},
      {"http://h/v1/?a=1/", "http://h/v1?a=1/"},
      {"http://h/v1?", "http://h/v1"},
      {"http://h/v1/chat/completions", "http://h/v1"},
      {"http://h/v1/chat/completions/?api-version=1", "http://h/v1?api-version=1"},
      {"http://h/chat/completions/v1", "http://h/chat/completions/v1"},
      {"http://h/models", "http://h/models"},
  };
  for (const auto& row : table)
    CHECK(tidy_base_address(row.url) == row.tidy);
}

TEST_CASE("an invalid base URL is refused with a reason") {
  for (const auto* url : {"http://h", "https://h:1/v1?a=b", "http://h/x?mail=a@b", "http://h?a@b"})
    CHECK(base_address_problem(url).empty());
  struct {
    const char* url;
    const char* words;
  } const table[] = {
      {"", "must begin with"},
      {"ftp://h", "must begin with"},
      {"h/v1", "must begin with"},
      {"http://h/v1#top", "fragment"},
      {"http://h/v1?a=1#top", "fragment"},
      {"http://name:word@h/v1", "must not contain a user name"},
      {"http://name@h", "must not contain a user name"},
      {"http://name@h?a", "must not contain a user name"},
      {"http://h/v 1", "spaces"},
      {"http://h/v1\r\nX: y", "control characters"},
      {"http://", "must name a host"},
      {"http:///v1", "must name a host"},
      {"http://:80/v1", "must name a host"},
      {"http://?a=b", "must name a host"},
  };
  for (const auto& row : table)
    CHECK_MESSAGE(base_address_problem(row.url).find(row.words) != std::string::npos, row.url);
}

TEST_CASE("an origin is the part before the path") {
  CHECK(origin_of("https://h:8/api/v1?x=/") == "https://h:8");
  CHECK(origin_of("https://h?x") == "https://h");
  CHECK(origin_of("https://h") == "https://h");
}
