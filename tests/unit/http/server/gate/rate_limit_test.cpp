#include "http/server/gate/rate_limit.hpp"

#include <doctest/doctest.h>

using namespace nekod::http;
using namespace std::chrono_literals;

namespace {

using rates = std::vector<rate>;

rate_limit parse(std::string_view text) {
  auto parsed = parse_rate_limit(text);
  REQUIRE_MESSAGE(parsed, std::string{text});
  return *parsed;
}

std::string error_of(std::string_view text) {
  auto parsed = parse_rate_limit(text);
  REQUIRE_MESSAGE(!parsed, std::string{text});
  return parsed.error();
}

} // namespace

TEST_CASE("rate limits can be written in many ways") {
  struct entry {
    const char* text;
    rates expected;
  };
  const entry table[] = {
      {"10 per minute", {{10, 60s}}},
      {"10/minute", {{10, 60s}}},
      {"10 / minutes", {{10, 60s}}},
      {"10perminute", {{10, 60s}}},
      {"\t 10  PER  Minutes \r", {{10, 60s}}},
      {"5 per 2 minutes", {{5, 120s}}},
      {"5 per 2 minute", {{5, 120s}}},
      {"5/2hours", {{5, 7200s}}},
      {"1 per second", {{1, 1s}}},
      {"1 per hour", {{1, 3600s}}},
      {"1 per day", {{1, 86'400s}}},
      {"1 per month", {{1, 2'592'000s}}},
      {"1 per year", {{1, 31'536'000s}}},
      {"200 per day; 50 per hour", {{200, 86'400s}, {50, 3600s}}},
      {"1/second,2/minute|3/hour\n4/day", {{1, 1s}, {2, 60s}, {3, 3600s}, {4, 86'400s}}},
      {"10 per minute;\n 200 per day;\n", {{10, 60s}, {200, 86'400s}}},
      {"1000000 per second", {{1'000'000, 1s}}},
      {"1 per 10 years", {{1, 315'360'000s}}},
  };
  for (const auto& e : table) {
    CAPTURE(e.text);
    CHECK(parse(e.text).rates == e.expected);
  }
}

TEST_CASE("empty text is no limit") {
  CHECK(parse("").rates.empty());
  CHECK(parse(" \t\n ").rates.empty());
}

TEST_CASE("an invalid rate limit is refused") {
  for (auto text : {"10",
                    "per minute",
                    "minute",
                    "10 minute",
                    "10 per",
                    "10 per 5",
                    "ten per minute",
                    "10 per fortnight",
                    "10 per minutess",
                    "10 per minute each",
                    "-10 per minute",
                    "+10 per minute",
                    "1.5 per minute",
                    "10 per -2 minutes",
                    "10 per minute 5 per second",
                    "10 // minute",
                    "1 0 per minute",
                    "unlimited",
                    "10 per m",
                    "0x10 per minute"}) {
    CAPTURE(text);
    CHECK(error_of(text) == "`" + std::string{text} +
                                "` is not a rate limit such as `10 per minute` or `5 per 2 hours`");
  }
}

TEST_CASE("zeros and numbers that are too large are refused") {
  CHECK(error_of("0 per minute") ==
        "the numbers of the rate limit `0 per minute` must be at least 1");
  CHECK(error_of("5 per 0 minutes") ==
        "the numbers of the rate limit `5 per 0 minutes` must be at least 1");
  for (auto text : {"1000001 per second", "99999999999999999999999 per year"})
    CHECK(error_of(text) ==
          "the rate limit `" + std::string{text} + "` is more than a million per second");
  for (auto text : {"1 per 11 years", "1 per 18446744073709551615 seconds",
                    "1 per 99999999999999999999999 days", "1 per 315360001 seconds",
                    "1 per 4611686018427387904 minutes"})
    CHECK(error_of(text) ==
          "the period of the rate limit `" + std::string{text} + "` is longer than ten years");
}

TEST_CASE("separators alone do not mean no limit") {
  CHECK(error_of(" ;; ") == "there is no rate limit in `;;`");
}

TEST_CASE("an error quotes only the part at fault, and not all of a long one") {
  CHECK(error_of("10 per minute; cats, 5 per day").find("`cats`") == 0);
  auto error = error_of("5 per day; 10 per " + std::string(500, 'x'));
  CHECK(error.find("`10 per xxx") == 0);
  CHECK(error.size() < 150);
}

TEST_CASE("rate limits are shown in the notation in which they are read") {
  CHECK(to_text(rate_limit{}) == "");
  CHECK(to_text(parse("200/DAY | 50 per hour\n5 per 120 seconds, 1 per 90 second")) ==
        "200 per day; 50 per hour; 5 per 2 minutes; 1 per 90 seconds");
  auto limit = parse("1/second; 2/3 month; 7 per 2 years; 4 per 30 days");
  CHECK(parse(to_text(limit)) == limit);
}
