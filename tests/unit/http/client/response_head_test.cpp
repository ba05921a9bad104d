#include "http/client/response_head.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>

using namespace nekod;
using nekod::http::response_head;

namespace {

const std::string url = "http://host/v1/chat";

/// Takes lines, each without its line end.
/// @returns whether the last one ended the head.
bool take(response_head& head, std::initializer_list<std::string_view> lines) {
  bool ended = false;
  for (auto line : lines)
    ended = head.take(std::string{line} + "\r\n");
  return ended;
}

transfer_event event_of(const response_head& head, std::uint16_t status) {
  transfer_event result;
  head.write(result, status, url);
  return result;
}

} // namespace

TEST_CASE("a head ends with its blank line, and its event has the fields that count") {
  response_head head{false};
  CHECK_FALSE(take(head, {"HTTP/1.1 429 Too Many Requests", "Content-Type: Application/JSON",
                          "Retry-After: 3"}));
  CHECK(take(head, {""}));
  const auto e = event_of(head, 429);
  CHECK(e.status == 429);
  CHECK(e.content_type == "application/json");
  CHECK(e.retry_after == std::chrono::seconds{3});
  CHECK(e.redirect.empty());
  CHECK_FALSE(e.fields);
}

TEST_CASE("a redirect's event shows its target, and other heads have none") {
  response_head head{false};
  take(head, {"HTTP/1.1 302 Found", "Location: /login?secret", ""});
  CHECK(head.location() == "/login?secret");
  CHECK(event_of(head, 302).redirect == "http://host/login");
  CHECK(event_of(head, 200).redirect.empty());
  head.restart();
  CHECK(head.location().empty());
}

TEST_CASE("a coded body is decoded, unless its call passes") {
  response_head ours{false};
  CHECK_FALSE(ours.is_coded());
  take(ours, {"HTTP/1.1 200 OK", "Content-Encoding: gzip", ""});
  CHECK(ours.is_coded());
  CHECK(event_of(ours, 200).content_coding == "gzip");
  response_head passing{true};
  take(passing, {"HTTP/1.1 200 OK", "Content-Encoding: gzip", ""});
  CHECK_FALSE(passing.is_coded());
}

TEST_CASE("a head that passes has all fields of the final response, in their order") {
  response_head head{true};
  CHECK(take(head, {"HTTP/1.1 103 Early Hints", "Link: </a>", ""}));
  CHECK(take(head, {"HTTP/1.1 200 OK", "B: \t 1", "A:2", "no field", "Empty:", ""}));
  head.complete();
  CHECK(head.is_complete());
  const auto e = event_of(head, 200);
  REQUIRE(e.fields);
  CHECK(*e.fields == header_fields{{"B", "1"}, {"A", "2"}, {"Empty", ""}});
}

TEST_CASE("trailers belong to no head") {
  response_head head{true};
  take(head, {"HTTP/1.1 200 OK", "A: 1", ""});
  head.complete();
  CHECK_FALSE(take(head, {"Trailer: x"}));
  CHECK_FALSE(take(head, {""}));
  CHECK(event_of(head, 200).fields->size() == 1);
}
