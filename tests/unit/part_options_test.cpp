#include "part_options.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace nekod;
using namespace std::chrono_literals;

TEST_CASE("a session stays in memory no longer than in the store") {
  settings s;
  s.session_idle = settings::seconds{60};
  s.session_ttl = settings::seconds{7200};
  CHECK(registry_options_of(s).sessions.idle_time == 60s);
  s.session_ttl = settings::seconds{30};
  CHECK(registry_options_of(s).sessions.idle_time == 30s);
}

TEST_CASE("times that are counted in whole seconds are rounded up, and none becomes zero") {
  settings s;
  s.session_ttl = settings::seconds{0.2};
  s.models_age = settings::seconds{1.2};
  CHECK(registry_options_of(s).sessions.idle_time == 1s);
  CHECK(registry_options_of(s).models_age == 2s);
  CHECK(registry_options_of(s).sessions.max_age == 0s);
  s.session_max_age = settings::seconds{0.5};
  CHECK(registry_options_of(s).sessions.max_age == 1s);
}

TEST_CASE("calls have the time limits of their upstream's kind") {
  settings s;
  const auto rules = upstream_rules_of(s);
  CHECK(rules.anuneko_limits.first_byte == 30s);
  CHECK(rules.openai_limits.first_byte == 600s);
  CHECK(rules.anuneko_limits.connect == rules.openai_limits.connect);
}

TEST_CASE("a body is not longer than the budget for requests has room for") {
  settings s;
  s.max_content_length = 1u << 20;
  CHECK(max_body_of(s, byte_budget{std::size_t{1} << 30}) == 1u << 20);
  const byte_budget small{std::size_t{1} << 20};
  CHECK(max_body_of(s, small) < small.request_limit());
}

TEST_CASE("there is a thread, and a budget, even if none is set") {
  settings s;
  CHECK(threads_of(s) >= 1);
  s.threads = 3;
  CHECK(threads_of(s) == 3);
  CHECK(budget_of(s)->request_limit() > 0);
}

TEST_CASE("the server that redirects has its own port, and reads no bodies") {
  settings s;
  s.tls_redirect_port = 8080;
  const auto o = redirect_options_of(s);
  CHECK(o.port == 8080);
  CHECK(o.host == s.host);
  CHECK(o.max_body == 0);
  CHECK_FALSE(o.tls);
}

TEST_CASE("bytes gather for three milliseconds, unless another time is set") {
  settings s;
  CHECK(client_options_of(s).gather_time == 3ms);
  s.gather_time = settings::seconds{0};
  CHECK(client_options_of(s).gather_time == 0ms);
}

TEST_CASE("routes have the limits of the settings") {
  settings s;
  s.max_url_size = 123;
  s.max_streams = 45;
  s.pass_paths = "files";
  s.session_header = session_header::name;
  const auto o = route_options_of(s);
  CHECK(o.max_url == 123);
  CHECK(o.max_requests == 45);
  CHECK(o.header_names_sessions);
}
