#include "http/server/api/sessions/session_query.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <string>

using namespace nekod;
using namespace nekod::http;
using namespace std::chrono_literals;
using chat::failure_code;

namespace {

const auto now = std::chrono::system_clock::time_point{} + 1h;

struct fault {
  const char* query;
  failure_code code;
  const char* param;
};

} // namespace

TEST_CASE("a query for a page has its size and its beginning") {
  auto plain = parse_session_list("");
  REQUIRE(plain);
  CHECK(plain->page.limit == largest_page);
  CHECK_FALSE(plain->page.after.has_value());
  auto full = parse_session_list("limit=2&colour=red&after=7~a");
  REQUIRE(full);
  CHECK(full->page.limit == 2);
  CHECK(full->page.after == parse_place("7~a"));
  CHECK(parse_session_list("limit=1000"));
}

TEST_CASE("the words of a search are read in lower case") {
  CHECK_FALSE(parse_session_list("limit=2")->words);
  CHECK(parse_session_list("search=Big+Cat%21&limit=2")->words == "big cat!");
  CHECK(parse_session_list("search=" + std::string(256, 'a'))->words == std::string(256, 'a'));
  for (const std::string query :
       {"search", "search=", "search=+", "search=%ff", "search=a&search=b"}) {
    const auto words = parse_session_list(query);
    REQUIRE_FALSE(words);
    CHECK(words.error().param == "search");
  }
  CHECK_FALSE(parse_session_list("search=" + std::string(257, 'a')));
  CHECK(parse_session_list("search=%zz").error().param == "query");
}

TEST_CASE("a fault in a query for a page is named") {
  const fault faults[] = {
      {"limit=0", failure_code::invalid_value, "limit"},
      {"limit=1001", failure_code::invalid_value, "limit"},
      {"limit=", failure_code::invalid_value, "limit"},
      {"limit=-1", failure_code::invalid_value, "limit"},
      {"limit=ten", failure_code::invalid_value, "limit"},
      {"limit=5x", failure_code::invalid_value, "limit"},
      {"after=", failure_code::invalid_value, "after"},
      {"after=some-session", failure_code::invalid_value, "after"},
      {"limit=%zz", failure_code::invalid_value, "query"},
  };
  for (const auto& f : faults) {
    CAPTURE(f.query);
    auto parsed = parse_session_list(f.query);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == f.code);
    CHECK(parsed.error().param == f.param);
  }
}

TEST_CASE("a filter selects the sessions that match all its parts") {
  auto all = parse_session_filter("all=true", now);
  REQUIRE(all);
  CHECK(all->created_until == now);
  CHECK(all->model.empty());
  CHECK_FALSE(all->used_before.has_value());
  auto some = parse_session_filter("idle_for=60&model=Orange+Cat", now);
  REQUIRE(some);
  CHECK(some->used_before == now - 60s);
  CHECK(some->model == "Orange Cat");
  CHECK(parse_session_filter("idle_for=0", now)->used_before == now);
}

TEST_CASE("an unclear filter selects no session at all") {
  const fault faults[] = {
      {"", failure_code::missing_required_parameter, "all"},
      {"&", failure_code::missing_required_parameter, "all"},
      {"all", failure_code::invalid_value, "all"},
      {"all=", failure_code::invalid_value, "all"},
      {"all=false", failure_code::invalid_value, "all"},
      {"idle_for=", failure_code::invalid_value, "idle_for"},
      {"idle_for=-1", failure_code::invalid_value, "idle_for"},
      {"idle_for=1h", failure_code::invalid_value, "idle_for"},
      {"idle_for=99999999999", failure_code::invalid_value, "idle_for"},
      {"model=", failure_code::invalid_value, "model"},
      {"all=true&ilde_for=60", failure_code::invalid_value, "ilde_for"},
      {"model=a&model=b", failure_code::invalid_value, "model"},
      {"all=true&model=%", failure_code::invalid_value, "query"},
  };
  for (const auto& f : faults) {
    CAPTURE(f.query);
    auto parsed = parse_session_filter(f.query, now);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == f.code);
    CHECK(parsed.error().param == f.param);
  }
}
