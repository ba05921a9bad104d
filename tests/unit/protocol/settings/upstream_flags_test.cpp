#include "protocol/settings/upstream_flags.hpp"

#include <doctest/doctest.h>

using namespace nekod;

TEST_CASE("flags describe an AnuNeko service with an account for each token") {
  upstream_flags flags{upstream_kind::anuneko, "https://a/api/v1/", "one, two", "cookie"};
  auto u = upstream_of(flags);
  REQUIRE(u);
  CHECK(u->name == "anuneko");
  CHECK(u->url == "https://a/api/v1");
  CHECK(u->accounts == std::vector<account_settings>{{"one", "cookie", 1}, {"two", "cookie", 1}});
}

TEST_CASE("an AnuNeko service needs a token, in the words of the manual") {
  auto u = upstream_of({upstream_kind::anuneko, "https://a/api/v1"});
  REQUIRE_FALSE(u);
  CHECK(u.error() == "Token 未提供，请设置 ANUNEKO_TOKEN 环境变量或直接传入 token 参数");
}

TEST_CASE("flags describe an OpenAI-compatible server, which may require no key") {
  upstream_flags flags{upstream_kind::openai};
  CHECK(upstream_of(flags).error().find("--openai-url") != std::string::npos);
  flags.openai_url = "http://a:8080/v1/";
  flags.openai_model = "m";
  flags.openai_key_header = "api-key";
  auto u = upstream_of(flags);
  REQUIRE(u);
  CHECK(u->name == "openai");
  CHECK(u->kind == upstream_kind::openai);
  CHECK(u->url == "http://a:8080/v1");
  CHECK(u->model == "m");
  CHECK(u->key_header == "api-key");
  CHECK(u->accounts == std::vector<account_settings>{{}});
  flags.openai_key = "k1,k2";
  CHECK(upstream_of(flags)->accounts.size() == 2);
}

TEST_CASE("the simulator makes up its own account") {
  auto u = upstream_of({upstream_kind::simulator});
  REQUIRE(u);
  CHECK(u->name == "simulator");
  CHECK(u->accounts.empty());
}
