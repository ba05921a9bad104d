#include "config.hpp"

#include "actors/runtime/process/config_reader.hpp"
#include "actors/runtime/process/environment.hpp"
#include "actors/store/postgres/address.hpp"
#include "http/server/api/passing/pass_paths.hpp"
#include "http/server/gate/client_address.hpp"
#include "http/server/gate/origin_rules.hpp"
#include "http/server/gate/rate_limit.hpp"
#include "http/server/message/request_reader.hpp"
#include "protocol/base_address.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace nekod {

namespace {

constexpr std::string_view sqlite_prefix = "sqlite:";

/// Makes a check for CLI11 from one of our parsers.
template <class Parse>
auto accepted_by(Parse parse) {
  return [parse](const std::string& text) {
    auto parsed = parse(text);
    return parsed ? std::string{} : parsed.error();
  };
}

/// A check with the message for values that do not pass.
template <class Test>
auto accepted_if(Test test, const std::string& problem) {
  return [test, problem](const std::string& text) { return test(text) ? std::string{} : problem; };
}

bool is_proxy(const std::string& url) {
  constexpr std::string_view kinds[] = {"http://", "https://", "socks5://", "socks5h://"};
  return url.empty() || std::any_of(std::begin(kinds), std::end(kinds),
                                    [&](auto kind) { return url.starts_with(kind); });
}

bool is_alias(const std::string& text) {
  auto equals = text.find('=');
  return equals != std::string::npos && equals > 0 && equals + 1 < text.size();
}

/// Why *text* names no store; empty if it does.
std::string store_problem(const std::string& text) {
  if (postgres::is_address(text))
    return postgres::problem_of(text);
  const auto is_file = text.starts_with(sqlite_prefix) && text.size() > sqlite_prefix.size();
  return text == "memory" || is_file
             ? std::string{}
             : "must be memory, sqlite:FILE, postgresql://... or postgres:service=NAME";
}

bool is_file_name(const std::string& name) {
  return !name.empty() && name.find('/') == std::string::npos;
}

/// Reads all settings: tells the reader the member and the check of each one.
class settings_reader {
public:
  settings_reader()
      : reader_("An OpenAI API with sessions, in front of a chat service or of servers with the "
                "OpenAI API.",
                "nekod", "upstreams") {
    reader_.app().set_version_flag("--version", NEKOD_VERSION);
    reader_.app()
        .add_flag("--check-config", result_.check_config,
                  "Print the settings in force, with secrets masked, and exit")
        ->configurable(false);
    add_listening();
    add_upstream();
    add_retries();
    add_models();
    add_sessions();
    add_admission();
    add_tls();
    add_limits();
    add_times();
    add_output();
  }

  std::variant<settings, exit_request> read(int argc, const char* const* argv) {
    if (auto ending = reader_.read(argc, argv))
      return *ending;
    for (std::string_view alias : aliases_) {
      auto equals = alias.find('=');
      result_.model_aliases.emplace_back(trim(alias.substr(0, equals)),
                                         trim(alias.substr(equals + 1)));
    }
    if (result_.debug)
      result_.log_level = "debug";
    result_.shown = reader_.shown();
    result_.sources = reader_.sources();
    result_.file_sets_any = reader_.file_sets_any();
    if (auto problem = find_upstreams(); !problem.empty())
      return exit_request{exit_code::setting, problem + "\n"};
    if (auto problem = contradiction_in(result_); !problem.empty())
      return exit_request{exit_code::setting, "nekod: " + problem + "\n"};
    return result_;
  }

private:
  void add_listening() {
    reader_.add("--host", result_.host);
    reader_.add("--port", result_.port);
    reader_.add("--threads", result_.threads)->check(CLI::Range(0, 1024));
  }

  void add_upstream() {
    auto& u = result_.upstream_flags;
    reader_.add_choice("--upstream", u.kind,
                       {{"anuneko", upstream_kind::anuneko},
                        {"openai", upstream_kind::openai},
                        {"simulator", upstream_kind::simulator}});
    reader_.add("--anuneko-url", u.anuneko_url)->check(base_address_problem);
    reader_.add_secret("--anuneko-token", u.anuneko_token);
    reader_.add_secret("--anuneko-cookie", u.anuneko_cookie);
    reader_.add_secret("--upstream-proxy", result_.upstream_proxy)
        ->check(
            accepted_if(is_proxy, "must begin with http://, https://, socks5:// or socks5h://"));
    reader_.add("--upstream-ca", result_.upstream_ca);
    reader_.add_choice("--upstream-client", result_.upstream_only_curl,
                       {{"auto", false}, {"curl", true}});
    reader_.add_choice("--upstream-http2", result_.upstream_http2, on_or_off);
    reader_.add_time("--gather-time", result_.gather_time, 0);
    reader_.add("--openai-url", u.openai_url)->check([](const std::string& url) {
      return url.empty() ? std::string{} : base_address_problem(url); // Empty by default.
    });
    reader_.add_secret("--openai-key", u.openai_key);
    reader_.add("--openai-key-header", u.openai_key_header)->check(key_header_problem);
    reader_.add("--openai-token-limit", u.openai_token_limit)->check(token_limit_problem);
    reader_.add("--openai-model", u.openai_model);
  }

  void add_retries() {
    reader_.add("--retries", result_.retries)->check(CLI::Range(0, 10));
    reader_.add("--retry-budget", result_.retry_budget_percent)
        ->check(config_reader::within(0, 100));
    reader_.add_time("--retry-wait", result_.retry_wait);
    reader_.add_time("--first-token-timeout", result_.first_token_timeout, 0);
    reader_.add("--circuit-failures", result_.circuit_failures)->check(CLI::Range(0, 1'000'000));
    reader_.add_time("--circuit-rest", result_.circuit_rest);
    reader_.add_time("--longest-rest", result_.longest_rest);
    reader_.add_time("--loading-wait", result_.loading_wait, 0);
  }

  void add_models() {
    reader_.add_time("--models-age", result_.models_age);
    reader_.add_list("--model-alias", aliases_)->check(accepted_if(is_alias, "must be NAME=MODEL"));
  }

  void add_sessions() {
    reader_.add("--store", result_.store)->check([](const std::string& text) {
      return store_problem(text);
    });
    reader_.add("--store-links", result_.store_links)->check(CLI::Range(1, 1000));
    reader_.add_choice("--store-migrate", result_.store_migrates,
                       {{"auto", true}, {"check", false}});
    reader_.add_choice("--store-limits", result_.store_limits_shared,
                       {{"shared", true}, {"local", false}});
    reader_.add_time("--session-wait", result_.session_wait, 0);
    reader_.add_time("--node-lease", result_.node_lease, 1);
    reader_.add("--cluster-address", result_.cluster.address)->check(node_address_problem);
    reader_.add("--cluster-advertise", result_.cluster.advertise)->check(node_address_problem);
    reader_.add_secret("--cluster-secret", result_.cluster.secret);
    reader_.add_choice("--store-text", result_.store_texts, {{"full", true}, {"digest", false}});
    reader_.add_time("--session-ttl", result_.session_ttl);
    reader_.add_time("--session-max-age", result_.session_max_age, 0);
    reader_.add_time("--response-age", result_.response_age, 0);
    reader_.add_time("--conversation-age", result_.conversation_age, 0);
    reader_.add_time("--resume-age", result_.resume_age);
    reader_.add_time("--session-idle", result_.session_idle);
    reader_.add_choice("--session-matching", result_.session_matching, on_or_off);
    reader_.add_choice("--session-header", result_.session_header,
                       {{"scope", session_header::scope}, {"name", session_header::name}});
    reader_.add("--transcript-messages", result_.transcript_messages)
        ->check(CLI::Range(1, 1'000'000));
    reader_.add("--transcript-size", result_.transcript_size)
        ->check(CLI::Range(std::size_t{1} << 10, std::size_t{1} << 30));
    reader_.add("--session-queue", result_.session_queue)->check(CLI::Range(0, 100'000));
  }

  void add_admission() {
    reader_.add("--api-keys", result_.api_keys);
    reader_.add("--rate-limit", result_.rate_limit)->check(accepted_by(http::parse_rate_limit));
    reader_.add("--chat-rate-limit", result_.chat_rate_limit)
        ->check(accepted_by(http::parse_rate_limit));
    reader_.add("--trusted-proxies", result_.trusted_proxies)
        ->check(accepted_by(http::parse_networks));
    reader_.add("--allowed-hosts", result_.allowed_hosts)
        ->check(accepted_by(http::parse_allowed_hosts));
    reader_.add("--cors-origins", result_.cors_origins)
        ->check(accepted_by(http::parse_cors_origins));
    reader_.add("--pass-paths", result_.pass_paths)->check(accepted_by(http::parse_pass_list));
    reader_.add_choice("--page", result_.page, on_or_off);
  }

  void add_tls() {
    reader_.add("--tls-cert", result_.tls_cert);
    reader_.add("--tls-key", result_.tls_key);
    reader_.add_port("--tls-redirect-port", result_.tls_redirect_port);
    reader_.add_time("--hsts", result_.hsts, 0);
  }

  void add_limits() {
    // Both together have to stay below what the parser takes.
    constexpr std::size_t most_head = (http::max_request_head - (16u << 10)) / 2;
    reader_.add("--max-header-size", result_.max_header_size)
        ->check(CLI::Range(std::size_t{256}, most_head));
    reader_.add("--max-url-size", result_.max_url_size)
        ->check(CLI::Range(std::size_t{16}, most_head));
    reader_.add("--max-content-length", result_.max_content_length)
        ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 32));
    reader_.add("--max-upload", result_.max_upload)
        ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 40));
    reader_.add("--max-connections", result_.max_connections)->check(CLI::Range(1, 1'000'000));
    reader_.add("--max-streams", result_.max_streams)->check(CLI::Range(1, 1'000'000));
    reader_.add("--max-memory", result_.max_memory)->check(config_reader::within(0, 1e18));
    reader_.add("--max-buffered", result_.max_buffered)->check(config_reader::within(0, 1e18));
    reader_.add("--stream-buffer", result_.stream_buffer)
        ->check(CLI::Range(std::size_t{1} << 12, std::size_t{1} << 30));
  }

  void add_times() {
    reader_.add_time("--connect-timeout", result_.connect_timeout);
    reader_.add_time("--first-byte-timeout", result_.first_byte_timeout, 0);
    reader_.add_time("--request-timeout", result_.request_timeout, 0);
    reader_.add_time("--answer-timeout", result_.answer_timeout, 0);
    reader_.add_time("--read-timeout", result_.read_timeout, 1);
    reader_.add_time("--write-timeout", result_.write_timeout, 1);
    reader_.add_time("--drain-delay", result_.drain_delay, 0);
    reader_.add_time("--drain-timeout", result_.drain_timeout);
    reader_.add_time("--heartbeat", result_.heartbeat);
  }

  void add_output() {
    reader_.add_choice("--language", result_.language,
                       {{"zh", language::zh}, {"en", language::en}});
    reader_.add("--log-path", result_.log_path);
    reader_.add("--log-name", result_.log_name)
        ->check(accepted_if(is_file_name, "must be a name without slashes"));
    reader_.add_choice("--log-format", result_.log_format,
                       {{"text", log_format::text}, {"json", log_format::json}});
    reader_.add("--log-level", result_.log_level)
        ->transform(CLI::IsMember({"trace", "debug", "info", "warning", "error", "critical", "off"},
                                  CLI::ignore_case));
    reader_.add_switch("--debug", result_.debug);
  }

  /// Takes the upstreams from the file's tables or, if there are none, the one from the flags.
  /// @returns a sentence about a wrong one; empty if all are right.
  std::string find_upstreams() {
    if (reader_.tables().empty()) {
      auto one = upstream_of(result_.upstream_flags);
      if (!one)
        return one.error();
      result_.upstreams.push_back(std::move(*one));
      return {};
    }
    const environment variables;
    auto found = read_upstreams(reader_.tables(), [&](const std::string& name) {
      auto value = variables.find(std::array{std::string_view{name}}, name);
      return value ? std::optional{value->value} : std::nullopt;
    });
    if (!found)
      return "nekod: --config, " + found.error();
    result_.upstreams = std::move(*found);
    result_.has_tables = true;
    return {};
  }

  static inline const config_reader::words<bool> on_or_off{{"on", true}, {"off", false}};

  config_reader reader_;
  settings result_;
  std::vector<std::string> aliases_;
};

} // namespace

std::string store_file_of(const settings& s) {
  return s.store.starts_with(sqlite_prefix) ? s.store.substr(sqlite_prefix.size()) : std::string{};
}

bool has_shared_store(const settings& s) { return postgres::is_address(s.store); }

upstream_times times_of(const settings& s, upstream_kind kind) {
  auto result = kind == upstream_kind::openai ? openai_times : chat_service_times;
  if (s.request_timeout.count() > 0)
    result.first_byte = result.silence = s.request_timeout;
  if (s.first_byte_timeout.count() > 0)
    result.first_byte = s.first_byte_timeout;
  if (s.answer_timeout.count() > 0)
    result.whole = s.answer_timeout;
  return result;
}

settings::seconds longest_answer_of(const settings& s) {
  settings::seconds longest{0};
  for (const auto& u : s.upstreams)
    longest = std::max(longest, times_of(s, u.kind).whole);
  return longest;
}

std::string with_source(const settings& s, const std::string& flag) {
  auto found = s.sources.find(flag);
  return found == s.sources.end() ? flag : flag + " (from " + found->second + ")";
}

std::string contradiction_in(const settings& s) {
  if (s.tls_cert.empty() != s.tls_key.empty())
    return "--tls-cert and --tls-key must be set together";
  if (s.tls_redirect_port && s.tls_cert.empty())
    return "--tls-redirect-port needs --tls-cert";
  if (auto problem = contradiction_in(s.cluster, has_shared_store(s)); !problem.empty())
    return problem;
  auto forgets = std::any_of(s.upstreams.begin(), s.upstreams.end(),
                             [](const auto& u) { return u.kind == upstream_kind::openai; });
  if (forgets && s.store != "memory" && !s.store_texts)
    return "--store-text digest keeps no conversations, which an upstream of kind openai needs; "
           "use --store-text full or --store memory";
  return {};
}

std::variant<settings, exit_request> read_settings(int argc, const char* const* argv) {
  return settings_reader{}.read(argc, argv);
}

} // namespace nekod
