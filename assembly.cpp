#include "assembly.hpp"

#include "actors/registry/registry.hpp"
#include "actors/runtime/process/descriptors.hpp"
#include "actors/runtime/process/file.hpp"
#include "actors/runtime/process/service_manager.hpp"
#include "actors/runtime/process/start_error.hpp"
#include "actors/runtime/scheduler.hpp"
#include "actors/runtime/stream_shares.hpp"
#include "actors/store/memory_store.hpp"
#include "actors/store/sqlite/session_schema.hpp"
#include "actors/store/sqlite/sqlite_store.hpp"
#include "actors/upstream/make_upstreams.hpp"
#include "http/server/api/passing/pass_relay.hpp"
#include "http/server/api/reply.hpp"
#include "http/server/listen/connection_limit.hpp"
#include "http/server/message/redirect.hpp"
#include "http/server/message/request_reader.hpp"
#include "http/server/watch/access_log.hpp"

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace nekod {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Connections to the redirect's port; each closes after its answer.
constexpr std::size_t redirect_connections = 128;

milliseconds in_milliseconds(settings::seconds s) {
  return std::chrono::duration_cast<milliseconds>(s);
}

/// At least one.
seconds in_whole_seconds(settings::seconds s) {
  return std::max(seconds{1}, std::chrono::ceil<seconds>(s));
}

/// Zero for no limit.
seconds max_age_of(const settings& s) {
  return s.session_max_age.count() > 0 ? in_whole_seconds(s.session_max_age) : seconds{0};
}

unsigned threads_of(const settings& s) {
  return s.threads > 0 ? s.threads : std::max(1u, std::thread::hardware_concurrency());
}

std::shared_ptr<byte_budget> budget_of(const settings& s) {
  constexpr std::size_t most = std::size_t{1} << 30;
  auto bytes = s.max_buffered > 0 ? s.max_buffered : std::min(most, machine_memory() / 4);
  return std::make_shared<byte_budget>(bytes);
}

/// Bytes of the longest body that is taken: not more than the budget has for requests.
std::size_t max_body_of(const settings& s, const byte_budget& budget) {
  return std::min(s.max_content_length, budget.request_limit() / http::body_copies);
}

std::size_t connection_limit_of(const settings& s) {
  const auto descriptors = raise_descriptor_limit();
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
  // An answer in one piece writes nothing until the calls of its turn are through, and those of the
  // turns before it.
  result.answer_timeout = in_whole_seconds(4 * longest_answer_of(s)) + seconds{60};
  return result;
}

std::shared_ptr<const http::reply_options> reply_options_of(const assembly& a) {
  auto result = std::make_shared<http::reply_options>();
  result->language = a.set.language;
  result->heartbeat = in_milliseconds(a.set.heartbeat);
  result->longest_wait = in_milliseconds(longest_answer_of(a.set));
  result->full_write = stream_shares{a.set.stream_buffer}.write;
  result->budget = a.budget;
  result->counts = a.counts;
  return result;
}

std::shared_ptr<const http::pass_options> pass_options_of(const assembly& a) {
  auto result = std::make_shared<http::pass_options>();
  result->language = a.set.language;
  result->client_silence = in_milliseconds(a.set.read_timeout);
  result->budget = a.budget;
  return result;
}

session_rules session_rules_of(const assembly& a) {
  session_rules result;
  result.store = a.store;
  result.counts = a.counts;
  result.budget = a.budget;
  result.digest = std::make_shared<conversation_digest>(a.sessions->key());
  result.queue_limit = a.set.session_queue;
  result.limits = {a.set.transcript_messages, a.set.transcript_size};
  // A session stays no longer in memory than in the store.
  result.idle_time = in_whole_seconds(std::min(a.set.session_idle, a.set.session_ttl));
  result.max_age = max_age_of(a.set);
  result.credit_step = stream_shares{a.set.stream_buffer}.window / 2;
  return result;
}

/// @throws start_error in place of *e*, with where host and port were found.
[[noreturn]] void refuse_address(const settings& s, const std::system_error& e) {
  std::string text = e.what();
  for (const auto* flag : {"--host", "--port", "--tls-redirect-port"})
    if (s.sources.count(flag) > 0)
      text.append("; ").append(with_source(s, flag));
  throw start_error{exit_code_of(e.code()), text};
}

} // namespace

log_options log_options_of(const settings& s) {
  return {s.log_path, s.log_name, with_source(s, "--log-path"), s.log_format == log_format::json,
          s.log_level};
}

assembly::assembly(settings s, live_settings live, logs& l)
    : set(std::move(s)),
      log(l),
      upstreams(set.upstreams),
      budget(budget_of(set)),
      gate(std::move(live.admission), counts),
      loops(threads_of(set)) {
  if (upstreams.front().kind == upstream_kind::simulator)
    start_simulator();
  try {
    open_ports(std::move(live.tls));
  } catch (const std::system_error& e) {
    refuse_address(set, e);
  }
  open_store();
  make_client();
  make_actors(std::move(live.aliases));
  watch_sizes();
  make_routes();
  spdlog::info("listening on {}", server->address());
  warn_if_open();
}

assembly::~assembly() { loops.stop(); }

void assembly::start_simulator() {
  sim::options o;
  auto& upstream = upstreams.front();
  upstream.accounts = {{make_id("simulated-"), {}, 1}};
  o.token = upstream.accounts.front().secret;
  o.delay = milliseconds{20};
  simulator = std::make_unique<sim::service>(loops[0], o);
  upstream.url = simulator->base_url();
  spdlog::info("the simulator answers at {}", upstream.url);
}

/// Before there is an actor, so that a port in use ends the program. Answers nothing before the
/// loops run.
void assembly::open_ports(http::tls_context tls) {
  auto o = server_options_of(set);
  max_connections = o.max_connections;
  o.tls = std::move(tls);
  o.max_body = max_body_of(set, *budget);
  o.budget = budget;
  o.ended = [this](const auto& request, const auto& notes, const auto& outcome) {
    exchange_ended(request, notes, outcome);
  };
  o.streams_body = [this](const auto& request) {
    return routes ? routes->streams_body(request) : std::nullopt;
  };
  o.wants_body = [this](const auto& request) { return routes && routes->wants_body(request); };
  server.emplace(loops.all(), o, [this](const http::exchange_ptr& x) {
    // At the very end there are no routes any more; requests that are still read are dropped.
    if (routes)
      routes->handle(x);
  });
  if (set.tls_redirect_port)
    open_redirect();
}

void assembly::open_redirect() {
  http::server_options o;
  o.host = set.host;
  o.port = *set.tls_redirect_port;
  o.max_body = 0;
  o.max_connections = redirect_connections;
  o.read_timeout = seconds{10};
  o.write_timeout = seconds{10};
  o.answer_timeout = seconds{10};
  o.ended = [this](const auto& request, const auto& notes, const auto& outcome) {
    exchange_ended(request, notes, outcome);
  };
  redirect.emplace(loops.all(), o, [port = server->port()](const http::exchange_ptr& x) {
    http::redirect_to_tls(*x, port);
  });
  spdlog::info("redirecting from {}", redirect->address());
}

void assembly::exchange_ended(const http::request& request, const http::exchange_notes& notes,
                              const http::exchange_outcome& outcome) {
  counts->request_ended(request.method, notes.endpoint, outcome.status, outcome.duration);
  auto& requests = log.requests();
  if (requests.should_log(spdlog::level::info))
    requests.info(set.log_format == log_format::json ? http::access_members(request, notes, outcome)
                                                     : http::access_line(request, notes, outcome));
}

/// @throws start_error that names the setting, and says what is wrong with the file.
void assembly::open_store() {
  const auto file = store_file_of(set);
  if (file.empty()) {
    sessions = open_memory_store();
    return;
  }
  using texts = session_database::texts;
  try {
    sessions = open_sqlite_store(file, set.store_texts ? texts::kept : texts::dropped);
  } catch (const session_file_error& e) {
    throw start_error{e.may_pass() ? exit_code::passing : exit_code::setting,
                      with_source(set, "--store") + ": " + e.what()};
  }
}

/// @throws start_error that names the setting, and says what is wrong with it.
void assembly::make_client() {
  http::client_options o;
  o.proxy = set.upstream_proxy;
  o.authorities = set.upstream_ca;
  o.window = stream_shares{set.stream_buffer}.window;
  o.multiplexed = set.upstream_http2;
  o.max_connections = max_connections;
  o.counts = counts;
  try {
    client.emplace(loops, o);
  } catch (const std::invalid_argument& e) {
    auto text = read_file(set.upstream_ca);
    throw start_error{text ? exit_code::setting : exit_code_of(text.error()),
                      with_source(set, "--upstream-ca") + ": " + e.what()};
  }
}

void assembly::make_actors(model_aliases aliases) {
  add_message_types(config);
  run_actors_on(loops, config);
  system.emplace(config);
  const session_lifetime lifetime{in_whole_seconds(set.session_ttl), max_age_of(set)};
  store = sessions->spawn(*system, lifetime, counts);
  auto rules = upstream_rules_of(set);
  rules.budget = budget;
  rules.instance = instance;
  rules.counts = counts;
  registry_options o;
  o.upstreams = make_upstreams(*client, upstreams, rules);
  o.sessions = session_rules_of(*this);
  o.health = sessions->health();
  o.aliases = std::move(aliases);
  o.matching = set.session_matching;
  o.models_age = in_whole_seconds(set.models_age);
  o.loading_wait = in_milliseconds(set.loading_wait);
  registry = system->spawn(nekod::registry, std::move(o));
}

void assembly::watch_sizes() {
  auto count = [](auto look) { return [look] { return static_cast<double>(look()); }; };
  scrape.watch("nekod_open_connections", "Open connections of clients",
               count([this] { return server->open_connections(); }));
  scrape.watch("nekod_open_requests", "Requests being answered",
               count([this] { return server->open_exchanges(); }));
  scrape.watch("nekod_open_streams", "Answers being streamed",
               count([this] { return server->open_streams(); }));
  scrape.watch("nekod_buffered_bytes",
               "Bytes of requests and of waiting answers, as --max-buffered counts them",
               count([this] { return budget->used(); }));
  scrape.watch("nekod_upstream_connections", "Connections to the upstream, idle ones included",
               count([this] { return client->open_connections(); }));
}

void assembly::make_routes() {
  http::route_options o;
  o.language = set.language;
  o.reply = reply_options_of(*this);
  o.home = [this] { return home_loop{loops, loops.here()}; };
  o.gate = &gate;
  o.max_body = max_body_of(set, *budget);
  o.max_messages = set.transcript_messages;
  o.header_names_sessions = set.session_header == session_header::name;
  o.max_url = set.max_url_size;
  o.max_headers = set.max_header_size;
  o.max_requests = set.max_streams;
  o.max_memory = set.max_memory;
  o.memory = [this] { return memory.resident(); };
  o.open_requests = [this] { return server->open_exchanges(); };
  o.passes = std::any_of(upstreams.begin(), upstreams.end(),
                         [](const auto& u) { return u.kind == upstream_kind::openai; });
  o.pass = pass_options_of(*this);
  o.pass_paths = *http::parse_pass_list(set.pass_paths);
  o.max_upload = set.max_upload;
  o.max_connections = max_connections;
  o.open_connections = [this] { return server->open_connections(); };
  o.metrics_text = [this] { return scrape.text(); };
  o.version = NEKOD_VERSION;
  o.instance = instance;
  routes.emplace(*system, registry, std::move(o));
}

void assembly::warn_if_open() const {
  auto address = server->address();
  auto local = address.starts_with("127.") || address.starts_with("[::1]");
  if (!local && set.api_keys.empty())
    spdlog::warn(
        "anybody who can reach {} can use the upstream account; set --api-keys to require a key",
        address);
}

} // namespace nekod
