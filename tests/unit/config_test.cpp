#include "config.hpp"
#include "protocol/settings/setting_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

using namespace nekod;

namespace {

std::variant<settings, exit_request> read(std::vector<const char*> flags) {
  flags.insert(flags.begin(), "nekod");
  return read_settings(static_cast<int>(flags.size()), flags.data());
}

settings with_upstream(upstream_kind kind) {
  settings s;
  s.upstreams.emplace_back().kind = kind;
  return s;
}

} // namespace

TEST_CASE("each setting of the table is read and shown, in its order") {
  auto found = read({"--upstream", "simulator"});
  REQUIRE(std::holds_alternative<settings>(found));
  const auto& shown = std::get<settings>(found).shown;
  const auto table = all_settings();
  REQUIRE(shown.size() == table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    CHECK("--" + shown[i].name == table[i].flag);
    CHECK(shown[i].reloadable == (table[i].change == setting_change::reload));
  }
}

TEST_CASE("help names each flag and variable") {
  auto found = read({"--help"});
  REQUIRE(std::holds_alternative<exit_request>(found));
  const auto& help = std::get<exit_request>(found);
  CHECK(help.code == 0);
  for (const auto& s : all_settings())
    for (auto name : {s.flag, s.variables[0], s.variables[1]}) {
      CAPTURE(name);
      CHECK(help.text.find(name) != std::string::npos);
    }
}

TEST_CASE("words of settings become their values") {
  auto found = read({"--upstream",         "openai", "--openai-url",      "http://a/v1",
                     "--language",         "en",     "--session-header",  "name",
                     "--session-matching", "off",    "--log-format",      "json",
                     "--upstream-http2",   "on",     "--upstream-client", "curl",
                     "--heartbeat",        "2.5",    "--model-alias",     "a=b, c = d",
                     "--gather-time",      "0"});
  REQUIRE(std::holds_alternative<settings>(found));
  const auto& s = std::get<settings>(found);
  CHECK(s.upstreams.at(0).kind == upstream_kind::openai);
  CHECK(s.upstreams.at(0).url == "http://a/v1");
  CHECK(s.language == language::en);
  CHECK(s.session_header == session_header::name);
  CHECK_FALSE(s.session_matching);
  CHECK(s.log_format == log_format::json);
  CHECK(s.upstream_http2);
  CHECK(s.upstream_only_curl);
  CHECK(s.heartbeat.count() == 2.5);
  CHECK(s.gather_time.count() == 0);
  using alias = std::pair<std::string, std::string>;
  CHECK(s.model_aliases == std::vector<alias>{{"a", "b"}, {"c", "d"}});
}

TEST_CASE("an unknown setting, and a value out of its range, are refused by name") {
  for (auto [flag, value] :
       {std::pair{"--none", "1"}, {"--retries", "11"}, {"--language", "fr"}, {"--hsts", "nan"}}) {
    auto found = read({"--upstream", "simulator", flag, value});
    REQUIRE(std::holds_alternative<exit_request>(found));
    CHECK(std::get<exit_request>(found).code == exit_code::setting);
    CHECK(std::get<exit_request>(found).text.find(flag) != std::string::npos);
  }
}

TEST_CASE("time limits of calls upstream are those of its kind, unless they are set") {
  settings s;
  CHECK(times_of(s, upstream_kind::anuneko).silence == chat_service_times.silence);
  CHECK(times_of(s, upstream_kind::openai).whole == openai_times.whole);
  s.request_timeout = settings::seconds{7};
  CHECK(times_of(s, upstream_kind::openai).silence.count() == 7);
  CHECK(times_of(s, upstream_kind::openai).first_byte.count() == 7);
  s.first_byte_timeout = settings::seconds{8};
  CHECK(times_of(s, upstream_kind::openai).first_byte.count() == 8);
  s.answer_timeout = settings::seconds{9};
  CHECK(times_of(s, upstream_kind::anuneko).whole.count() == 9);
}

TEST_CASE("the longest answer is that of the slowest upstream") {
  auto s = with_upstream(upstream_kind::anuneko);
  CHECK(longest_answer_of(s) == chat_service_times.whole);
  s.upstreams.emplace_back().kind = upstream_kind::openai;
  CHECK(longest_answer_of(s) == openai_times.whole);
}

TEST_CASE("settings that contradict each other are named") {
  auto s = with_upstream(upstream_kind::openai);
  CHECK(contradiction_in(s).empty());
  s.store_texts = false;
  CHECK(contradiction_in(s).find("--store-text") != std::string::npos);
  s.store = "memory";
  CHECK(contradiction_in(s).empty());
  s.tls_redirect_port = 80;
  CHECK(contradiction_in(s).find("--tls-redirect-port") != std::string::npos);
  s.tls_cert = "cert.pem";
  CHECK(contradiction_in(s).find("--tls-key") != std::string::npos);
  s.tls_key = "key.pem";
  CHECK(contradiction_in(s).empty());
}

TEST_CASE("an error says where a setting came from, unless it was a flag") {
  settings s;
  s.sources = {{"--port", "PORT"}};
  CHECK(with_source(s, "--port") == "--port (from PORT)");
  CHECK(with_source(s, "--host") == "--host");
}
