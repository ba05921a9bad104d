#include "room_options.hpp"

#include "actors/runtime/service_manager.hpp"
#include "actors/runtime/stream_shares.hpp"
#include "actors/upstream/anuneko/anuneko.hpp"
#include "actors/upstream/openai/openai.hpp"
#include "actors/upstream/retrying.hpp"
#include "http/server/gate/machine_memory.hpp"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <utility>

namespace nekod {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

milliseconds in_milliseconds(settings::seconds s) { return duration_cast<milliseconds>(s); }

/// What is set, else what is usual for the kind. A silence that is set holds for the first byte,
/// too.
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

/// The longest time that any upstream has for an answer.
settings::seconds longest_answer_of(const settings& s) {
  settings::seconds longest{0};
  for (const auto& u : s.upstreams)
    longest = std::max(longest, times_of(s, u.kind).whole);
  return longest;
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

circuit_options circuit_of(const settings& s) {
  circuit_options result;
  result.failures = s.circuit_failures;
  result.probe_interval = in_milliseconds(s.circuit_rest);
  return result;
}

retry_options retries_of(const settings& s, const upstream_settings& u) {
  retry_options result;
  result.retries = s.retries;
  result.budget = s.retry_budget_percent / 100;
  result.longest_wait = in_milliseconds(s.retry_wait);
  result.loading_wait = in_milliseconds(s.loading_wait);
  result.first_token = in_milliseconds(u.first_token_timeout.value_or(s.first_token_timeout));
  return result;
}

std::shared_ptr<upstream_service> make_upstream(transport& net, const settings& s,
                                                const upstream_settings& u,
                                                const std::shared_ptr<byte_budget>& budget,
                                                const std::string& instance,
                                                const std::shared_ptr<metrics>& counts) {
  if (u.kind == upstream_kind::openai) {
    openai_options o;
    o.name = u.name;
    o.base_url = u.url;
    o.key_header = u.key_header;
    o.accounts.clear();
    for (const auto& account : u.accounts)
      o.accounts.push_back({account.secret, account.weight});
    o.default_model = u.model;
    o.limits = time_limits_of(s, u.kind);
    o.circuit = circuit_of(s);
    o.budget = budget;
    o.longest_rest = in_milliseconds(s.longest_rest);
    o.instance = instance;
    o.counts = counts;
    return make_openai(net, o);
  }
  anuneko_options o;
  o.name = u.name;
  o.base_url = u.url;
  for (const auto& account : u.accounts)
    o.accounts.push_back({account.secret, account.cookie, account.weight});
  if (!u.model.empty())
    o.default_model = u.model;
  o.limits = time_limits_of(s, u.kind);
  o.circuit = circuit_of(s);
  o.longest_rest = in_milliseconds(s.longest_rest);
  o.counts = counts;
  return make_anuneko(net, o);
}

bool takes_long_contexts(const std::vector<upstream_settings>& all, const std::string& name) {
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& u) { return u.name == name && u.long_context; });
}

/// Takes all the descriptors the system lets this process have: shells and service managers start
/// programs with fewer.
/// @returns how many.
std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return 1024;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

/// Connections to the redirect's port; it closes each behind its answer.
constexpr std::size_t redirect_connections = 128;

/// Connections that may be open. A stream needs one more upstream, with TLS as many more may be in
/// their handshake, and a few descriptors are ours. Past that clients are sent away, which is
/// better than to let them wait until there is a descriptor.
std::size_t connection_limit(const settings& s, std::size_t descriptors) {
  constexpr std::size_t few = 1024;
  constexpr std::size_t reserved = 256;
  // Those past a limit live until they are told so.
  auto redirect = s.tls_redirect_port ? 2 * redirect_connections : 0;
  auto each = s.tls_cert.empty() ? std::size_t{1} : std::size_t{2};
  auto free = descriptors - reserved - redirect;
  auto possible = descriptors <= few + redirect        ? descriptors / (2 * (each + 1))
                  : free / (each + 1) <= s.max_streams ? free / (each + 1)
                                                       : (free - s.max_streams) / each;
  if (possible < s.max_connections)
    spdlog::info("at most {} connections, since this process may open {} files", possible,
                 descriptors);
  return std::min(possible, s.max_connections);
}

} // namespace

seconds in_whole_seconds(settings::seconds s) {
  return std::max(seconds{1}, std::chrono::ceil<seconds>(s));
}

unsigned threads_of(const settings& s) {
  return s.threads > 0 ? s.threads : std::max(1u, std::thread::hardware_concurrency());
}

std::shared_ptr<byte_budget> budget_of(const settings& s) {
  constexpr std::size_t most = std::size_t{1} << 30;
  auto bytes = s.max_buffered > 0 ? s.max_buffered : std::min(most, http::machine_memory() / 4);
  return std::make_shared<byte_budget>(bytes);
}

std::size_t max_body_of(const settings& s, const byte_budget& budget) {
  return std::min(s.max_content_length, budget.request_limit() / http::body_copies);
}

std::vector<routed_upstream> make_upstreams(transport& net, const settings& s,
                                            const std::vector<upstream_settings>& all,
                                            const std::shared_ptr<byte_budget>& budget,
                                            const std::string& instance,
                                            const std::shared_ptr<metrics>& counts) {
  std::map<std::string, std::shared_ptr<upstream_service>> services;
  for (const auto& u : all)
    services.emplace(u.name, make_upstream(net, s, u, budget, instance, counts));
  std::vector<routed_upstream> result;
  for (const auto& u : all) {
    std::vector<fallback> fallbacks;
    for (const auto& name : u.fallbacks)
      fallbacks.push_back(
          {services.at(name), services.at(name)->default_model(), takes_long_contexts(all, name)});
    result.emplace_back(
        make_retrying(services.at(u.name), std::move(fallbacks), retries_of(s, u), *counts),
        u.models);
  }
  return result;
}

conversation_limits conversation_limits_of(const settings& s) {
  conversation_limits result;
  result.messages = s.transcript_messages;
  result.bytes = s.transcript_size;
  return result;
}

http::server_options server_options_of(const settings& s, http::tls_context tls,
                                       std::shared_ptr<byte_budget> budget) {
  http::server_options result;
  result.host = s.host;
  result.port = s.port;
  result.inherited_socket = service_manager::inherited_socket().value_or(-1);
  result.tls = std::move(tls);
  if (result.tls && s.hsts.count() > 0)
    result.extra.emplace_back("Strict-Transport-Security",
                              "max-age=" + std::to_string(in_whole_seconds(s.hsts).count()));
  result.max_body = max_body_of(s, *budget);
  result.budget = std::move(budget);
  result.max_connections = connection_limit(s, raise_descriptor_limit());
  result.read_timeout = in_whole_seconds(s.read_timeout);
  result.handshake_timeout = std::min(result.handshake_timeout, result.read_timeout);
  result.write_timeout = in_whole_seconds(s.write_timeout);
  // An answer in one piece writes nothing until its turn came, and the calls of the turn are
  // through.
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
  return result;
}

std::shared_ptr<const http::reply_options> reply_options_of(const settings& s,
                                                            std::shared_ptr<byte_budget> budget,
                                                            std::shared_ptr<metrics> counts) {
  auto result = std::make_shared<http::reply_options>();
  result->language = s.language;
  result->heartbeat = in_milliseconds(s.heartbeat);
  result->longest_wait = in_milliseconds(longest_answer_of(s));
  stream_shares shares{s.stream_buffer};
  result->credit_step = shares.window / 2;
  result->full_write = shares.write;
  result->budget = std::move(budget);
  result->counts = std::move(counts);
  return result;
}

std::shared_ptr<const http::pass_options> pass_options_of(const settings& s,
                                                          std::shared_ptr<byte_budget> budget) {
  auto result = std::make_shared<http::pass_options>();
  result->language = s.language;
  result->client_silence = in_milliseconds(s.read_timeout);
  result->budget = std::move(budget);
  return result;
}

} // namespace nekod
