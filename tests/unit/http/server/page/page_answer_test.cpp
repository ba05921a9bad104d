#include "http/server/page/page_answer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace nekod::http;

namespace {

std::string field(const page_answer& a, std::string_view name) {
  auto found = std::find_if(a.headers.begin(), a.headers.end(),
                            [&](const auto& f) { return f.first == name; });
  return found == a.headers.end() ? "" : found->second;
}

request asking(const char* codings = "gzip") {
  request result;
  result.headers.emplace_back("Host", "nekod.example");
  result.headers.emplace_back("Accept-Encoding", codings);
  return result;
}

const page_file& file(std::string_view name) {
  const auto* found = page_file_named(name);
  REQUIRE(found != nullptr);
  return *found;
}

} // namespace

TEST_CASE("a file is found by the version and its name, and index.html at the front only") {
  const auto version = std::string{page_version()};
  CHECK(find_page_file(version + "/app.js") == &file("app.js"));
  CHECK(find_page_file(version + "/index.html") == nullptr);
  CHECK(find_page_file(version + "/nope.js") == nullptr);
  CHECK(find_page_file(version) == nullptr);
  CHECK(find_page_file("0123456789abcdef/app.js") == nullptr);
  CHECK(find_page_file("") == nullptr);
}

TEST_CASE("the front names files of this version") {
  const auto text = file("index.html").plain;
  CHECK(text.find("page/" + std::string{page_version()} + "/app.js") != std::string_view::npos);
  CHECK(text.find("@VERSION@") == std::string_view::npos);
}

TEST_CASE("each form of a file has its body and its tag") {
  const auto& app = file("app.js");
  auto small = answer_with(app, asking(), false);
  auto plain = answer_with(app, asking("identity"), false);
  CHECK(small.body == app.gzipped);
  CHECK(field(small, "Content-Encoding") == "gzip");
  CHECK(plain.body == app.plain);
  CHECK(field(plain, "Content-Encoding") == "");
  CHECK(field(small, "ETag") != field(plain, "ETag"));
  CHECK(field(small, "Vary") == "Accept-Encoding");
  CHECK(field(small, "Content-Type") == "text/javascript; charset=utf-8");
  CHECK(field(small, "Cache-Control") == "public, max-age=31536000, immutable");
}

TEST_CASE("a copy that is still right is not sent again") {
  const auto& front = file("index.html");
  auto r = asking();
  r.headers.emplace_back("If-None-Match", field(answer_with(front, r, false), "ETag"));
  auto again = answer_with(front, r, false);
  CHECK(again.status == 304);
  CHECK(again.body.empty());
  CHECK(field(again, "Cache-Control") == "no-cache");
  CHECK(field(again, "Vary") == "Accept, Accept-Encoding");
  CHECK(answer_with(file("app.js"), r, false).status == 200);
}

TEST_CASE("the opener policy is for hosts where browsers heed it") {
  auto policy = [](const char* host, bool secure) {
    request r;
    r.headers.emplace_back("Host", host);
    return field(answer_with(file("index.html"), r, secure), "Cross-Origin-Opener-Policy");
  };
  CHECK(policy("localhost:8000", false) == "same-origin");
  CHECK(policy("127.0.0.1", false) == "same-origin");
  CHECK(policy("[::1]:8000", false) == "same-origin");
  CHECK(policy("nekod.example", true) == "same-origin");
  CHECK(policy("nekod.example", false) == "");
  CHECK(policy("localhost.example", false) == "");
}
