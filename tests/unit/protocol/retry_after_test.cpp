#include "protocol/retry_after.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

/// 1994-11-06 08:49:37 UTC.
const std::chrono::system_clock::time_point then{std::chrono::seconds{784'111'777}};

} // namespace

TEST_CASE("an HTTP date is read in all three forms") {
  for (const auto* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994", "  Sun, 06 Nov 1994 08:49:37 GMT \r\n"}) {
    CAPTURE(text);
    CHECK(parse_http_date(text, then) == then);
  }
}

TEST_CASE("a year with two digits is a near one") {
  CHECK(parse_http_date("Sunday, 06-Nov-24 08:49:37 GMT", then) ==
        parse_http_date("Wed, 06 Nov 2024 08:49:37 GMT", then));
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", then) == then);
}

TEST_CASE("an invalid HTTP date is none") {
  for (const auto* text : {"", "soon", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37 CET",
                           "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 99999 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT GMT",
                           "Sun, 06 Foo 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_http_date(text, then));
  }
}

TEST_CASE("Retry-After is read as seconds and as a date") {
  CHECK(parse_retry_after("25", then) == 25s);
  CHECK(parse_retry_after(" 25 ", then) == 25s);
  CHECK(parse_retry_after("0", then) == 0s);
  CHECK(parse_retry_after("0.25", then) == 250ms);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:50:02 GMT", then) == 25s);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:00 GMT", then) == 0s);
}

TEST_CASE("an excessive time becomes the longest one, and an invalid one none") {
  for (const auto* text :
       {"99999999999999999999999", "1000000000", "Fri, 31 Dec 9999 23:59:59 GMT"})
    CHECK(parse_retry_after(text, then) == longest_retry_after);
  for (const auto* text : {"", "-1", "+1", "1e9", "inf", "nan", "1s", "1 2", "."}) {
    CAPTURE(text);
    CHECK_FALSE(parse_retry_after(text, then));
    CHECK_FALSE(parse_retry_after_ms(text));
  }
}

TEST_CASE("retry-after-ms is in milliseconds, and a part of one is rounded up") {
  CHECK(parse_retry_after_ms("1500") == 1500ms);
  CHECK(parse_retry_after_ms("1500.25") == 1501ms);
  CHECK(parse_retry_after_ms("0") == 0ms);
}
