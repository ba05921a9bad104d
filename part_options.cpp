#include "part_options.hpp"

#include "actors/runtime/process/descriptors.hpp"
#include "actors/runtime/process/memory.hpp"
#include "actors/runtime/process/service_manager.hpp"
#include "actors/runtime/stream_shares.hpp"
#include "http/server/listen/connection_limit.hpp"
#include "http/server/message/request_reader.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

namespace nekod {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The most connections to the port that redirects; each is closed after its answer.
constexpr std::size_t redirect_connections = 128;

/// The most connections from other nodes, and to them: each carries one answer.
constexpr std::size_t node_connections = 1024;

milliseconds in_milliseconds(settings::seconds s) {
  return std::chrono::duration_cast<milliseconds>(s);
}

/// Rounded up to whole seconds; at least one.
seconds in_whole_seconds(settings::seconds s) {
  return std::max(seconds{1}, std::chrono::ceil<seconds>(s));
}

/// The most time that a session lives; zero for no limit.
seconds max_age_of(const settings& s) {
  return s.session_max_age.count() > 0 ? in_whole_seconds(s.session_max_age) : seconds{0};
}

std::size_t connection_limit_of(const settings& s) {
  auto links = has_shared_store(s) ? s.store_links : 0;
  if (!s.cluster.address.empty())
    links += 2 * node_connections;
  const auto all = raise_descriptor_limit();
  const auto descriptors = all - std::min(all, links);
  const auto redirects = s.tls_redirect_port ? redirect_connections : 0;
  const auto result = http::connection_limit(
      {s.max_connections, s.max_streams, !s.tls_cert.empty(), redirects}, descriptors);
  if (result < s.max_connections)
    spdlog::info("at most {} connections, because this process may open only {} files", result,
                 descriptors);
  return result;
}

time_limits time_limits_of(const settings& s, upstream_kind kind) {
  const auto times = times_of(s, kind);
  time_limits result;
  result.connect = in_milliseconds(s.connect_timeout);
  result.first_byte = in_milliseconds(times.first_byte);
  result.silence = in_milliseconds(times.silence);
  result.whole = in_milliseconds(times.whole);
  return result;
}

} // namespace

log_options log_options_of(const settings& s) {
  return {s.log_path, s.log_name, with_source(s, "--log-path"), s.log_format == log_format::json,
          s.log_level};
}

unsigned threads_of(const settings& s) {
  return s.threads > 0 ? s.threads : std::max(1u, std::thread::hardware_concurrency());
}

std::shared_ptr<byte_budget> budget_of(const settings& s) {
  constexpr std::size_t most = std::size_t{1} << 30;
  auto bytes = s.max_buffered > 0 ? s.max_buffered : std::min(most, machine_memory() / 4);
  return std::make_shared<byte_budget>(bytes);
}

std::size_t max_body_of(const settings& s, const byte_budget& budget) {
  return std::min(s.max_content_length, budget.request_limit() / http::body_copies);
}

http::server_options server_options_of(const settings& s) {
  http::server_options result;
  result.host = s.host;
  result.port = s.port;
  result.inherited_socket = service_manager::inherited_socket().value_or(-1);
  if (!s.tls_cert.empty() && s.hsts.count() > 0)
    result.extra.emplace_back("Strict-Transport-Security",
                              "max-age=" + std::to_string(in_whole_seconds(s.hsts).count()));
  result.max_connections = connection_limit_of(s);
  result.read_timeout = in_whole_seconds(s.read_timeout);
  result.handshake_timeout = std::min(result.handshake_timeout, result.read_timeout);
  result.write_timeout = in_whole_seconds(s.write_timeout);
  // An answer in one piece writes nothing until the calls of its turn have ended, and the turns
  // that it waits for.
  result.answer_timeout = in_whole_seconds(4 * longest_answer_of(s)) + seconds{60};
  return result;
}

http::server_options redirect_options_of(const settings& s) {
  http::server_options result;
  result.host = s.host;
  result.port = *s.tls_redirect_port;
  result.max_body = 0;
  result.max_connections = redirect_connections;
  result.read_timeout = seconds{10};
  result.write_timeout = seconds{10};
  result.answer_timeout = seconds{10};
  return result;
}

http::server_options node_server_options_of(const settings& s) {
  http::server_options result;
  const auto address = *parse_node_address(s.cluster.address);
  result.host = address.host;
  result.port = address.port;
  result.max_connections = node_connections;
  result.read_timeout = in_whole_seconds(s.read_timeout);
  result.write_timeout = in_whole_seconds(s.write_timeout);
  result.answer_timeout = in_whole_seconds(4 * longest_answer_of(s)) + seconds{60};
  return result;
}

http::client_options client_options_of(const settings& s) {
  http::client_options result;
  result.proxy = s.upstream_proxy;
  result.authorities = s.upstream_ca;
  result.window = stream_shares{s.stream_buffer}.window;
  result.only_curl = s.upstream_only_curl;
  result.multiplexed = s.upstream_http2;
  result.gather_time = in_milliseconds(s.gather_time);
  return result;
}

http::client_options node_client_options_of(const settings& s) {
  http::client_options result;
  result.direct = true;
  result.window = stream_shares{s.stream_buffer}.window;
  result.max_connections = node_connections;
  return result;
}

upstream_rules upstream_rules_of(const settings& s) {
  upstream_rules result;
  result.anuneko_limits = time_limits_of(s, upstream_kind::anuneko);
  result.openai_limits = time_limits_of(s, upstream_kind::openai);
  result.circuit.failures = s.circuit_failures;
  result.circuit.probe_interval = in_milliseconds(s.circuit_rest);
  result.retries.retries = s.retries;
  result.retries.budget = s.retry_budget_percent / 100;
  result.retries.longest_wait = in_milliseconds(s.retry_wait);
  result.retries.loading_wait = in_milliseconds(s.loading_wait);
  result.retries.first_token = in_milliseconds(s.first_token_timeout);
  result.longest_rest = in_milliseconds(s.longest_rest);
  return result;
}

session_lifetime lifetime_of(const settings& s) {
  return session_lifetime{in_whole_seconds(s.session_ttl), max_age_of(s)};
}

registry_options registry_options_of(const settings& s) {
  registry_options result;
  result.matching = s.session_matching;
  result.models_age = in_whole_seconds(s.models_age);
  result.loading_wait = in_milliseconds(s.loading_wait);
  result.sessions.queue_limit = s.session_queue;
  result.sessions.limits = {s.transcript_messages, s.transcript_size};
  // A session stays in memory no longer than in the store.
  result.sessions.idle_time = in_whole_seconds(std::min(s.session_idle, s.session_ttl));
  result.sessions.max_age = max_age_of(s);
  result.sessions.shared = has_shared_store(s);
  if (result.sessions.shared)
    result.sessions.session_wait = in_milliseconds(s.session_wait);
  result.sessions.credit_step = stream_shares{s.stream_buffer}.window / 2;
  return result;
}

postgres_store_options postgres_options_of(const settings& s) {
  using postgres::migration;
  postgres_store_options result;
  result.address = s.store;
  result.links = s.store_links;
  result.migrates = s.store_migrates ? migration::allowed : migration::refused;
  result.session_wait = in_milliseconds(s.session_wait);
  result.lease = in_milliseconds(s.node_lease);
  result.answer_age = in_milliseconds(std::min(s.session_idle, s.session_ttl));
  result.keeps_texts = s.store_texts;
  return result;
}

http::reply_options reply_options_of(const settings& s) {
  http::reply_options result;
  result.language = s.language;
  result.heartbeat = in_milliseconds(s.heartbeat);
  result.longest_wait = in_milliseconds(longest_answer_of(s));
  result.full_write = stream_shares{s.stream_buffer}.write;
  return result;
}

http::pass_options pass_options_of(const settings& s) {
  http::pass_options result;
  result.language = s.language;
  result.client_silence = in_milliseconds(s.read_timeout);
  return result;
}

resumption_rules resumption_rules_of(const settings& s) {
  resumption_rules result;
  result.age = in_milliseconds(s.resume_age);
  result.longest_wait = in_milliseconds(longest_answer_of(s));
  return result;
}

http::cluster_options cluster_options_of(const settings& s) {
  // A heartbeat may be late.
  constexpr milliseconds slack{5000};
  http::cluster_options result;
  result.language = s.language;
  result.secret = s.cluster.secret;
  result.silence = in_milliseconds(s.heartbeat) + slack;
  return result;
}

http::route_options route_options_of(const settings& s) {
  http::route_options result;
  result.language = s.language;
  result.max_messages = s.transcript_messages;
  if (s.store_texts || s.store == "memory")
    result.response_age = in_whole_seconds(s.response_age);
  result.conversation_age = in_whole_seconds(s.conversation_age);
  result.header_names_sessions = s.session_header == session_header::name;
  result.max_url = s.max_url_size;
  result.max_headers = s.max_header_size;
  result.max_requests = s.max_streams;
  result.max_memory = s.max_memory;
  result.pass_paths = *http::parse_pass_list(s.pass_paths);
  result.max_upload = s.max_upload;
  result.version = NEKOD_VERSION;
  result.page = s.page;
  result.over_tls = !s.tls_cert.empty();
  result.keeps_texts = s.store_texts;
  return result;
}

} // namespace nekod
