#pragma once

#include "actors/runtime/process/start_error.hpp"
#include "protocol/openai/errors.hpp"
#include "protocol/settings/cluster_settings.hpp"
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

/// The meaning of a request's `X-Session-Id` if no session has that name: a scope, which groups
/// requests, or the name of a new session.
enum class session_header : std::uint8_t { scope, name };

/// The format of log lines.
enum class log_format : std::uint8_t { text, json };

/// Time limits of a call to an upstream.
struct upstream_times {
  using seconds = std::chrono::duration<double>;

  /// Until the first byte of the answer, between two bytes, and for the whole call.
  seconds first_byte;
  seconds silence;
  seconds whole;
};

/// The default limits. A chat service begins to answer at once. A server with the OpenAI API may
/// first read a long prompt or wait for a slot: it gets as much time as SDKs wait.
inline constexpr upstream_times chat_service_times{
    upstream_times::seconds{30}, upstream_times::seconds{30}, upstream_times::seconds{600}};
inline constexpr upstream_times openai_times{
    upstream_times::seconds{600}, upstream_times::seconds{120}, upstream_times::seconds{3600}};

/// All settings, each with its default.
/// `protocol/settings/setting_table.hpp` has their flags, environment variables and help. Times are
/// in seconds, with decimals.
struct settings {
  using seconds = std::chrono::duration<double>;

  std::string host = "127.0.0.1";
  std::uint16_t port = 8000;
  /// 0 for one per core.
  unsigned threads = 0;

  /// The upstream, if the file has no tables of upstreams.
  nekod::upstream_flags upstream_flags{upstream_kind::anuneko, "https://anuneko.com/api/v1"};
  /// At least one, from the flags or the tables. The first one is the default.
  std::vector<upstream_settings> upstreams;
  /// Whether the upstreams are in tables of the file.
  bool has_tables = false;
  /// Limits of a conversation that is kept whole, for an upstream that remembers nothing. The first
  /// one limits each request, too.
  std::size_t transcript_messages = 10'000;
  std::size_t transcript_size = 32u << 20;
  /// Pairs of a name for clients and the upstream name or public id that it stands for.
  std::vector<std::pair<std::string, std::string>> model_aliases;

  /// The proxy for calls to upstreams; if empty, environment variables name it. May contain a
  /// password.
  std::string upstream_proxy;
  /// A PEM file of certificate authorities to trust in addition to the system's; empty for none.
  std::string upstream_ca;
  /// Whether libcurl makes all calls to upstreams, also those that our own client could make.
  bool upstream_only_curl = false;
  /// Whether HTTP/2 may be used with upstreams.
  bool upstream_http2 = false;
  /// The longest time for which the bytes of a whole answer may gather before they are read; 0 for
  /// not at all.
  seconds gather_time{0.003};
  seconds models_age{300};

  /// The most retries of one turn, and of all turns together, in percent of their number.
  unsigned retries = 2;
  double retry_budget_percent = 20;
  /// The longest wait before a retry.
  seconds retry_wait{10};
  /// 0 for no limit.
  seconds first_token_timeout{0};
  /// The number of consecutive failures that opens an upstream's circuit breaker, 0 for never; and
  /// the time between probes while it is open.
  unsigned circuit_failures = 5;
  seconds circuit_rest{5};
  /// The longest time for which an account is not used after a rate limit or a refusal.
  seconds longest_rest{300};
  /// The longest time for which turns wait for an upstream that is loading; 0 for not at all.
  seconds loading_wait{60};

  /// `memory`, `sqlite:FILE`, or as in `actors/store/postgres/address.hpp`.
  std::string store = "sqlite:nekod.db";
  /// For a store that several nodes share: the connections to it; whether a start may bring its
  /// schema up to date; how long a turn waits for a session that another node works on; and after
  /// how long without a sign of life a node counts as gone.
  std::size_t store_links = 8;
  bool store_migrates = true;
  /// Whether the nodes that share a store count rate limits together.
  bool store_limits_shared = true;
  seconds session_wait{60};
  seconds node_lease{15};
  /// How the nodes that share a store reach each other.
  cluster_settings cluster;
  /// Whether the store keeps the texts of messages.
  bool store_texts = true;
  seconds session_ttl{7200};
  /// Zero for none.
  seconds session_max_age{0};
  /// Zero for ever.
  seconds response_age{30 * 86400};
  seconds conversation_age{30 * 86400};
  /// How long the events of an answer are kept after its end.
  seconds resume_age{600};
  seconds session_idle{60};
  std::size_t session_queue = 16;
  /// Whether a conversation is recognised by the history in a request.
  bool session_matching = true;
  nekod::session_header session_header = nekod::session_header::scope;

  /// A file of API keys; if empty, any key is accepted.
  std::string api_keys;
  /// In the notation of `http/server/gate/rate_limit.hpp`; empty for none.
  std::string rate_limit;
  std::string chat_rate_limit;
  /// Addresses and networks, separated by commas.
  std::string trusted_proxies;
  /// Host names, and origins of pages, separated by commas; empty for this machine's only.
  std::string allowed_hosts;
  std::string cors_origins;
  /// In the notation of `http/server/api/passing/pass_paths.hpp`; empty for none.
  std::string pass_paths;
  /// Whether a browser gets the web page.
  bool page = true;

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
  /// In bytes; 0 for 1 GiB, or a quarter of the memory if that is less.
  std::size_t max_buffered = 0;
  std::size_t stream_buffer = 256u << 10;

  seconds connect_timeout{5};
  /// 0 for `request_timeout` if that is set, otherwise for the default of the upstream's kind.
  seconds first_byte_timeout{0};
  /// 0 for the default of the upstream's kind.
  seconds request_timeout{0};
  seconds answer_timeout{0};
  seconds read_timeout{60};
  seconds write_timeout{60};
  seconds drain_delay{0};
  seconds drain_timeout{30};
  seconds heartbeat{15};

  nekod::language language = language::zh;
  std::string log_level = "info";
  std::string log_path;
  std::string log_name = "nekod.log";
  nekod::log_format log_format = log_format::text;
  bool debug = false;

  /// Whether to print the settings and exit.
  bool check_config = false;
  /// All settings with their values, in the order of `--help`.
  std::vector<shown_setting> shown;
  /// The sources of values that do not come from flags, such as `HOST` or `line 3 of nekod.toml`;
  /// by flag, such as `--host`.
  std::map<std::string, std::string> sources;
  /// Whether there is a TOML file with any setting.
  bool file_sets_any = false;
};

/// The file of the store; empty for a store in memory.
std::string store_file_of(const settings& s);

/// Whether the store is a database that several nodes share.
bool has_shared_store(const settings& s);

/// The time limits of calls to an upstream of that kind: the settings, or the kind's defaults. A
/// limit of silence that is set also applies to the first byte.
upstream_times times_of(const settings& s, upstream_kind kind);

/// The longest time that any upstream has for an answer.
settings::seconds longest_answer_of(const settings& s);

/// *flag* with the source of its value, for an error: `--host (from HOST)`.
std::string with_source(const settings& s, const std::string& flag);

/// Finds settings that contradict each other, although each is valid.
/// @returns a sentence; empty if there are none.
std::string contradiction_in(const settings& s);

/// Reads and checks the settings. Their sources, by priority: flags, environment variables, a file
/// `.env` in the working folder, a TOML file, defaults.
/// @returns the settings, or a message that names the wrong one; also a message if help was asked
/// for.
std::variant<settings, exit_request> read_settings(int argc, const char* const* argv);

} // namespace nekod
