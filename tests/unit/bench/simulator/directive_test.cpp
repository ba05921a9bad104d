#include "bench/simulator/directive.hpp"
#include "bench/simulator/settings.hpp"

#include <doctest/doctest.h>

using namespace nekod::sim;
using namespace std::chrono_literals;

TEST_CASE("a directive is removed from the prompt") {
  const auto p = split_directive("tell me [sim tokens=200 delay=5 first=100] more");
  CHECK(p.text == "tell me  more");
  CHECK(p.wishes.tokens == 200);
  CHECK(p.wishes.delay == 5ms);
  CHECK(p.wishes.first_delay == 100ms);
}

TEST_CASE("a directive leaves other settings unset") {
  const auto p = split_directive("[sim first=7]");
  CHECK(p.text.empty());
  CHECK_FALSE(p.wishes.tokens);
  CHECK_FALSE(p.wishes.delay);
  CHECK(p.wishes.first_delay == 7ms);
}

TEST_CASE("a directive names the finish reason") {
  CHECK(split_directive("[sim finish=content_filter tokens=3] x").wishes.finish ==
        "content_filter");
  CHECK_FALSE(split_directive("[sim tokens=3] x").wishes.finish);
}

TEST_CASE("the last of several directives counts") {
  const auto p = split_directive("[sim tokens=1] and [sim tokens=2]");
  CHECK(p.text == "[sim tokens=1] and ");
  CHECK(p.wishes.tokens == 2);
}

TEST_CASE("nonsense in a directive is ignored, and numbers have a limit") {
  const auto p = split_directive("[sim tokens=99999999999 delay=x color=red =  first]");
  CHECK(p.wishes.tokens == setting_limits::tokens);
  CHECK_FALSE(p.wishes.delay);
  CHECK_FALSE(p.wishes.first_delay);
}

TEST_CASE("text with an incomplete directive stays as it is") {
  for (std::string_view text : {"", "plain", "[sim", "[sim tokens=2", "[simple] ]"}) {
    const auto p = split_directive(text);
    CHECK(p.text == text);
    CHECK_FALSE(p.wishes.tokens);
  }
}
