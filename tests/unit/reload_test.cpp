#include "reload.hpp"

#include <doctest/doctest.h>

using namespace nekod;

namespace {

settings with_one_upstream() {
  settings s;
  s.upstreams.emplace_back().name = "anuneko";
  s.shown = {{"port", "8000", false}, {"log-level", "\"info\"", true}};
  return s;
}

live_settings with_keys(const std::string& text) {
  live_settings live;
  live.admission.keys = *http::parse_api_keys(text);
  return live;
}

} // namespace

TEST_CASE("a file that sets nothing any more is not taken for new settings") {
  auto before = with_one_upstream();
  auto after = before;
  before.file_sets_any = true;
  CHECK(reload_problem(before, std::nullopt, after, {}).find("--config") != std::string::npos);
  after.file_sets_any = true;
  CHECK(reload_problem(before, std::nullopt, after, {}).empty());
}

TEST_CASE("a reload neither lets everybody in nor locks everybody out") {
  const auto s = with_one_upstream();
  CHECK(reload_problem(s, 1, s, {}).find("--api-keys") != std::string::npos);
  CHECK(reload_problem(s, 1, s, with_keys("# none\n")).find("no longer has any keys") !=
        std::string::npos);
  CHECK(reload_problem(s, 0, s, with_keys("# none\n")).empty());
  CHECK(reload_problem(s, std::nullopt, s, {}).empty());
}

TEST_CASE("changes that take a restart are named, others are not") {
  const auto before = with_one_upstream();
  auto after = before;
  CHECK(fixed_changes(before, after).empty());
  after.shown[0].value = "9000";
  after.shown[1].value = "\"debug\"";
  CHECK(fixed_changes(before, after) == std::vector<std::string>{"--port"});
  after.upstreams[0].accounts.emplace_back().secret = "other";
  CHECK(fixed_changes(before, after) ==
        std::vector<std::string>{"--port", "--anuneko-token or --anuneko-cookie"});
  after.has_tables = true;
  CHECK(fixed_changes(before, after) == std::vector<std::string>{"--port", "[upstreams]"});
}
