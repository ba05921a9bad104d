#include "rooms.hpp"

#include "actors/registry/registry.hpp"
#include "actors/runtime/ids.hpp"
#include "actors/runtime/scheduler.hpp"
#include "actors/runtime/start_error.hpp"
#include "actors/runtime/stream_shares.hpp"
#include "actors/store/memory_store.hpp"
#include "actors/store/session_schema.hpp"
#include "actors/store/sqlite_store.hpp"
#include "config_sources.hpp"
#include "http/server/message/redirect.hpp"
#include "http/server/watch/access_log.hpp"
#include "room_options.hpp"

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

namespace nekod {

namespace {

/// @throws start_error that names the setting, and says what is wrong with the file.
std::unique_ptr<session_store> open_store(const settings& s) {
  if (s.store_file.empty())
    return open_memory_store();
  using texts = session_database::texts;
  try {
    return open_sqlite_store(s.store_file, s.store_texts ? texts::kept : texts::dropped);
  } catch (const session_file_error& e) {
    throw start_error{e.may_pass() ? exit_code::passing : exit_code::setting,
                      with_source(s, "--store") + ": " + e.what()};
  }
}

/// @throws start_error in place of *e*, with where host and port were found.
[[noreturn]] void refuse_address(const settings& s, const std::system_error& e) {
  std::string text = e.what();
  for (const auto* flag : {"--host", "--port", "--tls-redirect-port"})
    if (s.sources.count(flag) > 0)
      text.append("; ").append(with_source(s, flag));
  throw start_error{exit_code_of(e.code()), text};
}

/// Zero for no limit.
std::chrono::seconds max_age_of(const settings& s) {
  auto limited = s.session_max_age.count() > 0;
  return limited ? in_whole_seconds(s.session_max_age) : std::chrono::seconds{0};
}

} // namespace

rooms::rooms(settings s, live_settings live, logs& l)
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
  sessions = open_store(set);
  make_client();
  make_actors(std::move(live.aliases));
  watch_sizes();
  make_routes();
  spdlog::info("listening on {}", server->address());
  warn_of_strangers();
}

rooms::~rooms() { loops.stop(); }

void rooms::start_simulator() {
  sim::options o;
  auto& upstream = upstreams.front();
  upstream.accounts = {{make_id("simulated-"), {}, 1}};
  o.token = upstream.accounts.front().secret;
  o.delay = std::chrono::milliseconds{20};
  simulator = std::make_unique<sim::service>(loops[0], o);
  upstream.url = simulator->base_url();
  spdlog::info("the simulator answers at {}", upstream.url);
}

/// Before there is an actor, so that a port in use ends the program; served once the loop runs.
void rooms::open_ports(http::tls_context tls) {
  auto o = server_options_of(set, std::move(tls), budget);
  max_connections = o.max_connections;
  o.ended = [this](const auto& request, const auto& notes, const auto& outcome) {
    exchange_ended(request, notes, outcome);
  };
  o.streams_body = [this](const auto& request) {
    return routes ? routes->streams_body(request) : std::nullopt;
  };
  o.wants_body = [this](const auto& request) { return routes && routes->wants_body(request); };
  server.emplace(loops.all(), o, [this](const http::exchange_ptr& x) {
    // What came in with the last words, and is looked at when all is over, is dropped.
    if (routes)
      routes->handle(x);
  });
  if (!set.tls_redirect_port)
    return;
  auto plain = redirect_options_of(set);
  plain.ended = o.ended;
  redirect.emplace(loops.all(), plain, [port = server->port()](const http::exchange_ptr& x) {
    http::redirect_to_tls(*x, port);
  });
  spdlog::info("redirecting from {}", redirect->address());
}

void rooms::exchange_ended(const http::request& request, const http::exchange_notes& notes,
                           const http::exchange_outcome& outcome) {
  counts->request_ended(request.method, notes.endpoint, outcome.status, outcome.duration);
  auto& requests = log.requests();
  if (requests.should_log(spdlog::level::info))
    requests.info(set.log_format == log_format::json ? http::access_members(request, notes, outcome)
                                                     : http::access_line(request, notes, outcome));
}

/// @throws start_error that names the setting, and says what is wrong with it.
void rooms::make_client() {
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

void rooms::make_actors(model_aliases aliases) {
  add_message_types(config);
  run_actors_on(loops, config);
  system.emplace(config);
  const session_lifetime lifetime{in_whole_seconds(set.session_ttl), max_age_of(set)};
  store = sessions->spawn(*system, lifetime, counts);
  registry_options o;
  o.upstreams = make_upstreams(*client, set, upstreams, budget, instance, counts);
  o.budget = budget;
  o.limits = conversation_limits_of(set);
  o.store = store;
  o.health = sessions->health();
  o.counts = counts;
  o.aliases = std::move(aliases);
  o.digest = std::make_shared<conversation_digest>(sessions->key());
  o.matching = set.session_matching;
  o.session_queue = set.session_queue;
  o.credit_step = stream_shares{set.stream_buffer}.window / 2;
  // In memory it is not to last longer than in the store.
  o.session_idle = in_whole_seconds(std::min(set.session_idle, set.session_ttl));
  o.session_max_age = max_age_of(set);
  o.models_age = in_whole_seconds(set.models_age);
  o.loading_wait = std::chrono::duration_cast<std::chrono::milliseconds>(set.loading_wait);
  registry = system->spawn(nekod::registry, std::move(o));
}

void rooms::watch_sizes() {
  auto count = [](auto look) { return [look] { return static_cast<double>(look()); }; };
  scrape.watch("nekod_open_connections", "Connections of clients",
               count([this] { return server->open_connections(); }));
  scrape.watch("nekod_open_requests", "Requests being answered",
               count([this] { return server->open_exchanges(); }));
  scrape.watch("nekod_open_streams", "Answers being streamed",
               count([this] { return server->open_streams(); }));
  scrape.watch("nekod_buffered_bytes",
               "Bytes of requests and of answers that wait, as --max-buffered counts them",
               count([this] { return budget->used(); }));
  scrape.watch("nekod_upstream_connections", "Connections to the upstream, idle ones included",
               count([this] { return client->open_connections(); }));
}

void rooms::make_routes() {
  http::route_options o;
  o.reply = reply_options_of(set, budget, counts);
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
  o.pass = pass_options_of(set, budget);
  o.pass_paths = *http::parse_pass_list(set.pass_paths);
  o.max_upload = set.max_upload;
  o.max_connections = max_connections;
  o.open_connections = [this] { return server->open_connections(); };
  o.metrics_text = [this] { return scrape.text(); };
  o.version = NEKOD_VERSION;
  o.instance = instance;
  routes.emplace(*system, registry, std::move(o));
}

void rooms::warn_of_strangers() const {
  auto address = server->address();
  auto local = address.rfind("127.", 0) == 0 || address.rfind("[::1]", 0) == 0;
  if (!local && set.api_keys.empty())
    spdlog::warn("anybody who reaches {} may use the account: there is no --api-keys", address);
}

} // namespace nekod
