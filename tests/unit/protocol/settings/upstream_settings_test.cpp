#include "protocol/settings/upstream_settings.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using strings = std::vector<std::string>;

namespace {

/// Lines of a table, such as `{"upstreams", "local"}`.
struct table {
  strings name;
  std::vector<std::pair<std::string, strings>> lines;
};

result<std::vector<upstream_settings>, std::string> read(const std::vector<table>& tables) {
  std::vector<toml_entry> entries;
  for (const auto& t : tables)
    for (const auto& [key, values] : t.lines)
      entries.push_back({t.name, key, values, values.size() > 1, entries.size() + 1});
  return read_upstreams(entries, [](const std::string& name) {
    return name == "KEYS" ? std::optional<std::string>{"one, two,"} : std::nullopt;
  });
}

strings secrets(const upstream_settings& u) {
  strings all;
  for (const auto& account : u.accounts)
    all.push_back(account.secret + (account.cookie.empty() ? "" : "+" + account.cookie));
  return all;
}

const table cats{{"upstreams", "cats"},
                 {{"kind", {"anuneko"}}, {"url", {"http://cats/api/v1/"}}, {"token", {"t"}}}};
const table local{{"upstreams", "local"}, {{"kind", {"openai"}}, {"url", {"http://local/v1"}}}};

} // namespace

TEST_CASE("tables describe upstreams, in their order") {
  auto all =
      read({cats,
            local,
            {{"upstreams", "local"},
             {{"model", {"qwen"}},
              {"models", {"qwen*", "llama"}},
              {"key", {"a", "b"}},
              {"key-header", {"api-key"}},
              {"first-token-timeout", {"2.5"}},
              {"long-context", {"true"}},
              {"fallbacks", {"cloud"}}}},
            {{"upstreams", "cloud"},
             {{"url", {"https://cloud/v1"}}, {"kind", {"openai"}}, {"key-from", {"KEYS"}}}}});
  REQUIRE(all);
  REQUIRE(all->size() == 3);
  const auto& [first, second, third] = std::tie((*all)[0], (*all)[1], (*all)[2]);
  CHECK(first.name == "cats");
  CHECK(first.kind == upstream_kind::anuneko);
  CHECK(first.url == "http://cats/api/v1");
  CHECK(secrets(first) == strings{"t"});
  CHECK(second.kind == upstream_kind::openai);
  CHECK(second.model == "qwen");
  CHECK(second.long_context);
  CHECK(shown_table(second).find("long-context = true\n") != std::string::npos);
  CHECK_FALSE(third.long_context);
  CHECK(second.key_header == "api-key");
  CHECK(second.models == strings{"qwen*", "llama"});
  CHECK(second.fallbacks == strings{"cloud"});
  CHECK(second.first_token_timeout->count() == 2.5);
  CHECK(secrets(second) == strings{"a", "b"});
  CHECK(secrets(third) == strings{"one", "two"});
}

TEST_CASE("accounts may have tables of their own, and a server may require no key") {
  auto all = read({{{"upstreams", "cats", "accounts", "big"},
                    {{"token", {"big"}}, {"weight", {"2.5"}}, {"cookie", {"own"}}}},
                   cats,
                   {{"upstreams", "cats"}, {{"cookie", {"c"}}}},
                   local});
  REQUIRE(all);
  CHECK(secrets((*all)[0]) == strings{"t+c", "big+own"});
  CHECK((*all)[0].accounts[0].weight == 1);
  CHECK((*all)[0].accounts[1].weight == 2.5);
  CHECK(secrets((*all)[1]) == strings{""});
}

TEST_CASE("a faulty line is named") {
  struct entry {
    table wrong;
    std::string where;
  };
  auto at_local = [](const std::string& key, const strings& values) {
    return table{{"upstreams", "local"}, {{key, values}}};
  };
  const entry cases[] = {
      {{{"upstreams", "other"}, {{"url", {"http://x"}}}}, "upstreams.other needs a kind"},
      {{{"upstreams", "other"}, {{"kind", {"magic"}}, {"url", {"http://x"}}}}, "upstreams.other "},
      {{{"upstreams", "other"}, {{"kind", {"openai"}}}}, "upstreams.other needs a url"},
      {{{"upstreams", "other"}, {{"kind", {"anuneko"}}, {"url", {"http://x"}}}},
       "upstreams.other needs a token"},
      {{{"upstreams", "o ther"}, {{"kind", {"openai"}}}}, "upstreams.o ther.kind "},
      {{{"upstreams"}, {{"kind", {"openai"}}}}, "upstreams.kind "},
      {at_local("url", {"local"}), "upstreams.local.url must begin with http"},
      {at_local("kind", {"openai", "anuneko"}), "upstreams.local.kind takes one value"},
      {at_local("colour", {"red"}), "upstreams.local.colour is not a setting"},
      {at_local("token", {"t"}), "upstreams.local has a token, but its kind needs a key"},
      {at_local("key-from", {"UNSET"}), "upstreams.local.key-from names a variable"},
      {at_local("first-token-timeout", {"soon"}), "upstreams.local.first-token-timeout must be"},
      {at_local("long-context", {"maybe"}), "upstreams.local.long-context must be true or false"},
      {at_local("fallbacks", {"cats"}), "upstreams.local cannot fall back to cats"},
      {at_local("fallbacks", {"local"}), "upstreams.local cannot fall back to local"},
      {at_local("fallbacks", {"nobody"}), "upstreams.local cannot fall back to nobody"},
      {{{"upstreams", "local", "accounts", "a"}, {{"weight", {"0"}}}},
       "upstreams.local.accounts.a.weight must be"},
      {at_local("url", {"http://name:word@local/v1"}),
       "upstreams.local.url must not contain a user name"},
      {at_local("url", {"http://local/v1#a"}), "upstreams.local.url must not have a fragment"},
      {at_local("key-header", {"a b"}), "upstreams.local.key-header must be the name of a header"},
      {{{"upstreams", "cats"}, {{"key-header", {"x"}}}}, "upstreams.cats has a key-header"},
      {at_local("url", {"http://local/v1"}), "upstreams.local.url is set twice"},
      {{{"upstreams", "local", "accounts", "a"}, {{"weight", {"2"}}}},
       "upstreams.local has an account a without a key"},
      {{{"upstreams", "local", "accounts", "a"}, {{"size", {"1"}}}},
       "upstreams.local.accounts.a.size is not a setting"},
  };
  for (const auto& c : cases) {
    auto all = read({cats, local, c.wrong});
    REQUIRE_FALSE(all);
    CHECK_MESSAGE(all.error().rfind(c.where, 0) == 0, all.error());
  }
}

TEST_CASE("a shown upstream has no secrets") {
  auto all =
      read({cats, {{"upstreams", "cats"}, {{"models", {"Orange*"}}, {"cookie", {"c"}}}}, local});
  REQUIRE(all);
  CHECK(shown_table(all->back()) ==
        "\n[upstreams.local]\nkind = \"openai\"\nurl = \"http://local/v1\"\n");
  CHECK(shown_table(all->front()) == "\n[upstreams.cats]\nkind = \"anuneko\"\nurl = "
                                     "\"http://cats/api/v1\"\nmodels = [\"Orange*\"]\ntoken = "
                                     "[\"***\"]\n");
}
