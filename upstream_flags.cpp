#include "upstream_flags.hpp"

#include "config_sources.hpp"
#include "protocol/base_address.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace nekod {

namespace {

upstream_kind kind_named(const std::string& name) {
  if (name == "simulator")
    return upstream_kind::simulator;
  return name == "openai" ? upstream_kind::openai : upstream_kind::anuneko;
}

std::string address_check(const std::string& url) { return base_address_problem(url); }

} // namespace

// -- to announce them ----------------------------------------------------------------------------

void upstream_flags::announce(setting_reader& reader) {
  announce_accounts(reader);
  announce_retries(reader);
}

void upstream_flags::announce_accounts(setting_reader& reader) {
  reader.add("--upstream", kind_, "Chat service to stand in front of", {"NEKOD_UPSTREAM"})
      ->check(CLI::IsMember({"anuneko", "openai", "simulator"}));
  reader
      .add("--anuneko-url", anuneko_url_, "Base address of the AnuNeko service",
           {"ANUNEKO_BASE_URL"})
      ->check(address_check);
  reader.add_secret("--anuneko-token", anuneko_token_,
                    "Account token, or several by comma; required for anuneko", {"ANUNEKO_TOKEN"});
  reader.add_secret("--anuneko-cookie", anuneko_cookie_, "Account cookie", {"ANUNEKO_COOKIE"});
  reader
      .add_secret("--upstream-proxy", settings_.upstream_proxy,
                  "Proxy by which the upstream is reached; without it as https_proxy and the like "
                  "say",
                  {"NEKOD_UPSTREAM_PROXY"})
      ->check([](const std::string& url) {
        constexpr std::string_view kinds[] = {"http://", "https://", "socks5://", "socks5h://"};
        auto good = std::any_of(std::begin(kinds), std::end(kinds),
                                [&](auto kind) { return url.rfind(kind, 0) == 0; });
        return good || url.empty()
                   ? std::string{}
                   : std::string{"must begin with http://, https://, socks5:// or socks5h://"};
      });
  reader.add("--upstream-ca", settings_.upstream_ca,
             "PEM file of authorities to trust besides the system's", {"NEKOD_UPSTREAM_CA"});
  reader
      .add("--upstream-http2", http2_, "Speak HTTP/2 with upstreams that can, over TLS",
           {"NEKOD_UPSTREAM_HTTP2"})
      ->check(CLI::IsMember({"on", "off"}));
  reader
      .add("--openai-url", openai_url_,
           "Base address of an OpenAI-compatible server, up to /v1, with its query if it has one; "
           "required for openai",
           {"OPENAI_BASE_URL"})
      ->check([](const std::string& url) {
        return url.empty() ? std::string{} : base_address_problem(url); // Nothing, as by default.
      });
  reader.add_secret("--openai-key", openai_key_,
                    "Its API key, if it wants one, or several by comma", {"OPENAI_API_KEY"});
  reader
      .add("--openai-key-header", openai_key_header_,
           "Header field that carries the key, such as api-key; empty for Authorization: Bearer",
           {"OPENAI_KEY_HEADER"})
      ->check(key_header_problem);
  reader.add("--openai-model", openai_model_,
             "Its model where a request names none; the first of its list by default",
             {"OPENAI_MODEL"});
}

void upstream_flags::announce_retries(setting_reader& reader) {
  reader
      .add("--retries", settings_.retries,
           "Tries after the first one of a turn that the upstream surely did not take",
           {"NEKOD_RETRIES"})
      ->check(CLI::Range(0, 10));
  reader
      .add("--retry-budget", settings_.retry_budget_percent, "Most of them in percent of all turns",
           {"NEKOD_RETRY_BUDGET"})
      ->check(setting_reader::within(0, 100));
  reader.add_time("--retry-wait", settings_.retry_wait, "Longest time before such a try",
                  {"NEKOD_RETRY_WAIT"});
  reader.add_time("--first-token-timeout", settings_.first_token_timeout,
                  "Longest time to a stream's first text; 0 for no limit of its own",
                  {"NEKOD_FIRST_TOKEN_TIMEOUT"}, 0);
  reader
      .add("--circuit-failures", settings_.circuit_failures,
           "Failures in a row after which fall-backs take an upstream's turns; 0 for never",
           {"NEKOD_CIRCUIT_FAILURES"})
      ->check(CLI::Range(0, 1'000'000));
  reader.add_time("--circuit-rest", settings_.circuit_rest,
                  "Time between probes of such an upstream, at most 15", {"NEKOD_CIRCUIT_REST"});
  reader.add_time("--longest-rest", settings_.longest_rest,
                  "Longest time that an account rests after a limit or a refusal, whatever the "
                  "upstream says",
                  {"NEKOD_LONGEST_REST"});
  reader.add_time("--loading-wait", settings_.loading_wait,
                  "How long turns wait for an upstream that is loading; 0 for not at all",
                  {"NEKOD_LOADING_WAIT"}, 0);
}

// -- what they came out as -----------------------------------------------------------------------

/// Those of the file's tables; where there are none, the one that flags tell of.
std::optional<exit_request> upstream_flags::finish(const setting_reader& reader) {
  settings_.upstream_http2 = http2_ == "on";
  if (reader.tables().empty())
    return make_upstream();
  const environment variables;
  auto found = read_upstreams(reader.tables(), [&](const std::string& name) {
    auto value = variables.find({name}, name);
    return value ? std::optional{value->value} : std::nullopt;
  });
  if (!found)
    return exit_request{2, "nekod: --config, " + found.error() + "\n"};
  settings_.upstreams = std::move(*found);
  settings_.has_tables = true;
  return std::nullopt;
}

std::optional<exit_request> upstream_flags::make_upstream() {
  auto& u = settings_.upstreams.emplace_back();
  u.name = kind_;
  u.kind = kind_named(kind_);
  if (u.kind == upstream_kind::openai) {
    if (openai_url_.empty())
      return exit_request{2, "nekod: --upstream openai wants --openai-url\n"};
    u.url = tidy_base_address(openai_url_);
    u.model = openai_model_;
    u.key_header = openai_key_header_;
    for (auto& key : split_at_commas(openai_key_))
      u.accounts.push_back({std::move(key), {}, 1});
    if (u.accounts.empty())
      u.accounts.emplace_back();
    return std::nullopt;
  }
  u.url = tidy_base_address(anuneko_url_);
  for (auto& token : split_at_commas(anuneko_token_))
    u.accounts.push_back({std::move(token), anuneko_cookie_, 1});
  if (u.accounts.empty() && u.kind == upstream_kind::anuneko)
    return exit_request{2, "Token 未提供，请设置 ANUNEKO_TOKEN 环境变量或直接传入 token 参数\n"};
  return std::nullopt;
}

} // namespace nekod
