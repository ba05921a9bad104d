#include "http/server/page/preference.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod::http;

namespace {

request with(const char* name, std::string value) {
  request result;
  result.headers.emplace_back(name, std::move(value));
  return result;
}

} // namespace

TEST_CASE("a browser that navigates wants the page, a program does not") {
  auto wants = [](const char* accept) { return wants_page(with("Accept", accept)); };
  CHECK(wants("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"));
  CHECK(wants("TEXT/HTML ; level=1"));
  CHECK(wants("application/json;q=0.5, text/html;q=0.5"));
  CHECK(wants("text/html;Q=0.001"));
  CHECK_FALSE(wants("*/*"));
  CHECK_FALSE(wants("text/*"));
  CHECK_FALSE(wants("application/json"));
  CHECK_FALSE(wants("application/json, text/html;q=0.9"));
  CHECK_FALSE(wants("text/html;q=0"));
  CHECK_FALSE(wants("text/html;q=nonsense"));
  CHECK_FALSE(wants(""));
  CHECK_FALSE(wants_page({}));
}

TEST_CASE("fields of one name are one list") {
  auto r = with("Accept", "application/json;q=0.5");
  r.headers.emplace_back("accept", "text/html");
  CHECK(wants_page(r));
}

TEST_CASE("gzip is for those who take it") {
  auto takes = [](const char* codings) { return takes_gzip(with("Accept-Encoding", codings)); };
  CHECK(takes("gzip, deflate, br, zstd"));
  CHECK(takes("*"));
  CHECK(takes("br;q=1.0, gzip;q=0.2"));
  CHECK_FALSE(takes("gzip;q=0, *"));
  CHECK_FALSE(takes("*;q=0"));
  CHECK_FALSE(takes("br"));
  CHECK_FALSE(takes_gzip({}));
}

TEST_CASE("a copy is known by its tag, weak or not") {
  auto has = [](const char* tags) { return has_copy(with("If-None-Match", tags), "\"abc\""); };
  CHECK(has("\"abc\""));
  CHECK(has("W/\"abc\""));
  CHECK(has("\"x\" , \"abc\""));
  CHECK(has("*"));
  CHECK_FALSE(has("\"abcd\""));
  CHECK_FALSE(has("abc"));
  CHECK_FALSE(has_copy({}, "\"abc\""));
}
