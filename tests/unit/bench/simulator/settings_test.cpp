#include "bench/simulator/settings.hpp"

#include <doctest/doctest.h>

using namespace nekod::sim;
using namespace std::chrono_literals;

TEST_CASE("partial objects change settings") {
  settings s{{}};
  const auto before = s.now();
  REQUIRE(s.change(R"({"delay_ms":5,"models":["Calico"],"named_events":true})"));
  CHECK(s.now()->delay == 5ms);
  CHECK(s.now()->models == std::vector<std::string>{"Calico"});
  CHECK(s.now()->named_events);
  CHECK(s.now()->branches == 1);
  CHECK(before->delay == 0ms);
}

TEST_CASE("an invalid setting changes nothing, and is named") {
  settings s{{}};
  for (const auto& [body, name] : {std::pair{R"({"tokens":5,"branches":0})", "branches"},
                                   std::pair{R"({"tokens":5,"delay_ms":-1})", "delay_ms"},
                                   std::pair{R"({"tokens":5,"models":[]})", "models"},
                                   std::pair{R"({"tokens":5,"models":[1]})", "models"},
                                   std::pair{R"({"tokens":5,"token":7})", "token"},
                                   std::pair{R"({"tokens":5,"named_events":1})", "named_events"},
                                   std::pair{R"({"tokens":5,"speed":1})", "speed"},
                                   std::pair{"[1]", "object"}, std::pair{"", "object"}}) {
    auto changed = s.change(body);
    REQUIRE_FALSE(changed);
    CHECK(changed.error().find(name) != std::string::npos);
  }
  CHECK(s.now()->tokens == 0);
}

TEST_CASE("settings are shown as they are set") {
  options o;
  o.token = "secret\"";
  const auto shown = to_json(o);
  auto again = with_changes({}, shown);
  REQUIRE(again);
  CHECK(to_json(*again) == shown);
}
