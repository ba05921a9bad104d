#pragma once

#include "actors/runtime/process/start_error.hpp"
#include "protocol/openai/errors.hpp"
#include "protocol/settings/shown_setting.hpp"
#include "protocol/settings/upstream_flags.hpp"
#include "protocol/settings/upstream_settings.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nekod {

/// The meaning of a request's `X-Session-Id` that names no session: a scope, which groups requests;
/// or the name of a session that begins.
enum class session_header : std::uint8_t { scope, name };

/// How log lines look.
enum class log_format : std::uint8_t { text, json };

/// Time limits of a call upstream.
struct upstream_times {
  using seconds = std::chrono::duration<double>;

  /// Until the first byte of the answer, between two bytes, and for the whole call.
  seconds first_byte;
  seconds silence;
  seconds whole;
};

/// The limits where no setting gives any. A chat service begins to answer at once; a server with
/// the OpenAI API may read a long prompt or wait for a slot first: it gets as long as SDKs wait.
inline constexpr upstream_times chat_service_times{
    upstream_times::seconds{30}, upstream_times::seconds{30}, upstream_times::seconds{600}};
inline constexpr upstream_times openai_times{
    upstream_times::seconds{600}, upstream_times::seconds{120}, upstream_times::seconds{3600}};

/// Everything that can be set, and the one place of each default.
/// `protocol/settings/setting_table.hpp` has the flags, the environment variables and the help of
/// each. Times are seconds, with decimals.
struct settings {
  using seconds = std::chrono::duration<double>;

  std::string host = "127.0.0.1";
  std::uint16_t port = 8000;
  /// 0 takes one a core.
  unsigned threads = 0;

  /// The upstream, where the file has no tables of upstreams.
  nekod::upstream_flags upstream_flags{upstream_kind::anuneko, "https://anuneko.com/api/v1"};
  /// At least one: of the flags or of the tables. The first serves where no other is asked for.
  std::vector<upstream_settings> upstreams;
  /// Whether the upstreams are in tables of the file.
  bool has_tables = false;
  /// Limits of a conversation that is kept whole, for an upstream that remembers nothing. The first
  /// limits each request as well.
  std::size_t transcript_messages = 10'000;
  std::size_t transcript_size = 32u << 20;
  /// A name for clients, and the upstream name or public id it stands for.
  std::vector<std::pair<std::string, std::string>> model_aliases;

  /// Through which upstreams are reached; empty for what the environment says. May hold a password.
  std::string upstream_proxy;
  /// A PEM file of authorities to trust besides the system's; empty for none.
  std::string upstream_ca;
  /// Whether upstreams may be spoken to in HTTP/2.
  bool upstream_http2 = true;
  seconds models_age{300};

  /// Retries of one turn, at most; and of all turns, in percent of them.
  unsigned retries = 2;
  double retry_budget_percent = 20;
  /// The longest wait before a retry.
  seconds retry_wait{10};
  /// 0 for no limit.
  seconds first_token_timeout{0};
  /// Failures in a row that open an upstream's circuit breaker, 0 for never; and the time between
  /// probes of it then.
  unsigned circuit_failures = 5;
  seconds circuit_rest{5};
  /// No account rests for longer after a limit or refusal.
  seconds longest_rest{300};
  /// How long turns wait for an upstream that is loading; 0 for not at all.
  seconds loading_wait{60};

  /// `memory`, or `sqlite:FILE`.
  std::string store = "sqlite:nekod.db";
  /// Whether the store keeps the texts of messages.
  bool store_texts = true;
  seconds session_ttl{7200};
  /// Zero for none.
  seconds session_max_age{0};
  seconds session_idle{60};
  std::size_t session_queue = 16;
  /// Whether a conversation is recognised by the history that a request tells.
  bool session_matching = true;
  nekod::session_header session_header = nekod::session_header::scope;

  /// A file of API keys; empty where any key is taken.
  std::string api_keys;
  /// In the notation of `http/server/gate/rate_limit.hpp`; empty for none.
  std::string rate_limit;
  std::string chat_rate_limit;
  /// Addresses and networks by comma.
  std::string trusted_proxies;
  /// Host names, and origins of pages, by comma; empty for none besides this machine's.
  std::string allowed_hosts;
  std::string cors_origins;
  /// In the notation of `http/server/api/passing/pass_paths.hpp`; empty for none.
  std::string pass_paths;

  /// PEM files; both empty for plain HTTP.
  std::string tls_cert;
  std::string tls_key;
  /// The port of plain HTTP that redirects to TLS, if there is one.
  std::optional<std::uint16_t> tls_redirect_port;
  seconds hsts{31'536'000};

  std::size_t max_content_length = 16u << 20;
  std::size_t max_upload = 512u << 20;
  std::size_t max_header_size = 16u << 10;
  std::size_t max_url_size = 8u << 10;
  std::size_t max_connections = 16'000;
  std::size_t max_streams = 10'000;
  /// 0 for no limit.
  std::size_t max_memory = 0;
  /// Bytes; 0 for 1 GiB, or a quarter of the memory there is where that is less.
  std::size_t max_buffered = 0;
  std::size_t stream_buffer = 256u << 10;

  seconds connect_timeout{5};
  /// 0 takes `request_timeout` where that is set, else the time of the upstream's kind.
  seconds first_byte_timeout{0};
  /// 0 takes the time of the upstream's kind.
  seconds request_timeout{0};
  seconds answer_timeout{0};
  seconds read_timeout{60};
  seconds write_timeout{60};
  seconds drain_delay{0};
  seconds drain_timeout{30};
  seconds heartbeat{15};

  openai::language language = openai::language::zh;
  std::string log_level = "info";
  std::string log_path;
  std::string log_name = "nekod.log";
  nekod::log_format log_format = log_format::text;
  bool debug = false;

  /// Whether to show the settings and end.
  bool check_config = false;
  /// All settings in the order of `--help`, as they were found.
  std::vector<shown_setting> shown;
  /// By flag, such as `--host`: where a value came from that no flag gave, such as `HOST` or
  /// `line 3 of nekod.toml`.
  std::map<std::string, std::string> sources;
  /// Whether there is a TOML file that sets anything.
  bool file_sets_any = false;
};

/// The file of the store; empty for memory.
std::string store_file_of(const settings& s);

/// The time limits of calls to an upstream of that kind: as set, else the kind's own. A silence
/// that is set limits the first byte as well.
upstream_times times_of(const settings& s, upstream_kind kind);

/// The longest time that any upstream has for an answer.
settings::seconds longest_answer_of(const settings& s);

/// *flag* with where its value came from, for an error: `--host (from HOST)`.
std::string with_source(const settings& s, const std::string& flag);

/// What is wrong with settings that are right one by one.
/// @returns a sentence; empty where nothing is.
std::string contradiction_in(const settings& s);

/// The settings in force: flags, then environment variables, then a file `.env` in the working
/// folder, then a TOML file, then defaults. All are checked; a wrong one is named.
std::variant<settings, exit_request> read_settings(int argc, const char* const* argv);

} // namespace nekod
