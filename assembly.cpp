#include "assembly.hpp"

#include "actors/registry/registry.hpp"
#include "actors/runtime/process/file.hpp"
#include "actors/runtime/process/service_manager.hpp"
#include "actors/runtime/process/start_error.hpp"
#include "actors/runtime/process/start_wait.hpp"
#include "actors/runtime/scheduler.hpp"
#include "actors/store/memory_store.hpp"
#include "actors/store/postgres/opened_store.hpp"
#include "actors/store/sqlite/sqlite_store.hpp"
#include "actors/store/store_error.hpp"
#include "actors/upstream/accounts/rest_sharing.hpp"
#include "actors/upstream/make_upstreams.hpp"
#include "http/server/api/cluster/shared_limits.hpp"
#include "http/server/api/waiting.hpp"
#include "http/server/message/redirect.hpp"
#include "http/server/watch/access_log.hpp"
#include "part_options.hpp"

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace nekod {

namespace {

/// @throws start_error in place of *e*, which also names the sources of host and port.
[[noreturn]] void refuse_address(const settings& s, const std::system_error& e) {
  std::string text = e.what();
  for (const auto* flag : {"--host", "--port", "--tls-redirect-port"})
    if (s.sources.count(flag) > 0)
      text.append("; ").append(with_source(s, flag));
  throw start_error{exit_code_of(e.code()), text};
}

} // namespace

assembly::assembly(settings s, live_settings live, logs& l, std::function<bool()> end)
    : set(std::move(s)),
      log(l),
      told_to_end(std::move(end)),
      upstreams(set.upstreams),
      budget(budget_of(set)),
      gate(std::move(live.admission), counts),
      keys(set.api_keys, gate),
      loops(threads_of(set)) {
  if (upstreams.front().kind == upstream_kind::simulator)
    start_simulator();
  try {
    open_ports(std::move(live.tls));
  } catch (const std::system_error& e) {
    refuse_address(set, e);
  }
  if (!set.cluster.address.empty())
    open_node_server();
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
  o.delay = std::chrono::milliseconds{20};
  simulator = std::make_unique<sim::service>(loops[0], o);
  upstream.url = simulator->base_url();
  spdlog::info("the simulator answers at {}", upstream.url);
}

/// Runs before there is an actor, so that a port in use ends the program. Nothing is answered
/// before the loops run.
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
    // At the very end there are no routes any more: requests that still arrive are dropped.
    if (routes)
      routes->handle(x);
    else if (waits_for_store)
      http::answer_waiting(*x, set.language);
  });
  if (set.tls_redirect_port)
    open_redirect();
}

void assembly::open_redirect() {
  auto o = redirect_options_of(set);
  o.ended = [this](const auto& request, const auto& notes, const auto& outcome) {
    exchange_ended(request, notes, outcome);
  };
  redirect.emplace(loops.all(), o, [port = server->port()](const http::exchange_ptr& x) {
    http::redirect_to_tls(*x, port);
  });
  spdlog::info("redirecting from {}", redirect->address());
}

/// @throws start_error that names the setting if the address cannot be listened on.
void assembly::open_node_server() {
  node_door.emplace(set.cluster.secret);
  auto o = node_server_options_of(set);
  o.max_body = max_body_of(set, *budget);
  o.budget = budget;
  o.wants_body = [this](const auto& request) { return node_door->knows(request); };
  o.ended = [this](const auto& request, const auto& notes, const auto& outcome) {
    exchange_ended(request, notes, outcome);
  };
  try {
    node_server.emplace(loops.all(), o, [this](const http::exchange_ptr& x) {
      if (routes)
        node_door->handle(x, *routes);
    });
  } catch (const std::system_error& e) {
    throw start_error{exit_code_of(e.code()),
                      with_source(set, "--cluster-address") + ": " + e.what()};
  }
  node_client.emplace(loops, node_client_options_of(set));
  spdlog::info("other nodes ask at {}", node_server->address());
}

void assembly::exchange_ended(const http::request& request, const http::exchange_notes& notes,
                              const http::exchange_outcome& outcome) {
  counts->request_ended(request.method, notes.endpoint, outcome.status, outcome.duration);
  failures.add(notes, outcome, std::chrono::system_clock::now());
  auto& requests = log.requests();
  if (requests.should_log(spdlog::level::info))
    requests.info(set.log_format == log_format::json ? http::access_members(request, notes, outcome)
                                                     : http::access_line(request, notes, outcome));
}

/// @throws start_error that names the setting, and the fault of the file.
void assembly::open_store() {
  if (has_shared_store(set))
    return open_shared_store();
  const auto file = store_file_of(set);
  if (file.empty()) {
    sessions = open_memory_store();
    return;
  }
  using texts = session_database::texts;
  try {
    sessions = open_sqlite_store(file, set.store_texts ? texts::kept : texts::dropped);
  } catch (const store_error& e) {
    throw start_error{e.may_pass() ? exit_code::passing : exit_code::setting,
                      with_source(set, "--store") + ": " + e.what()};
  }
}

/// Waits until the database is there.
/// @throws start_error that names the setting if it cannot be used.
void assembly::open_shared_store() {
  auto o = postgres_options_of(set);
  if (node_server)
    o.node_address = set.cluster.advertise.empty() ? node_server->address() : set.cluster.advertise;
  o.waits = [this, wait = start_wait{told_to_end}](const std::string& why) mutable {
    if (!std::exchange(waits_for_store, true))
      answer_meanwhile(why);
    return wait.wait();
  };
  try {
    sessions = open_postgres_store(std::move(o), loops);
  } catch (const store_error& e) {
    loops.stop();
    if (e.may_pass())
      throw start_error{0, "ended before the database could be reached"};
    throw start_error{exit_code::setting, with_source(set, "--store") + ": " + e.what()};
  }
  // The other parts are made while no loop runs.
  loops.stop();
}

/// Refuses requests until the loops are stopped.
/// @param why The store cannot be reached.
void assembly::answer_meanwhile(const std::string& why) {
  spdlog::error("{}: {}; trying again", with_source(set, "--store"), why);
  loops.run();
  spdlog::info("listening on {}, not ready", server->address());
  service_manager::ready();
}

/// @throws start_error that names the setting and its fault.
void assembly::make_client() {
  auto o = client_options_of(set);
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
  store = sessions->spawn(*system, lifetime_of(set), counts);
  auto rules = upstream_rules_of(set);
  rules.budget = budget;
  rules.instance = instance;
  rules.counts = counts;
  auto o = registry_options_of(set);
  o.upstreams = make_upstreams(*client, upstreams, rules);
  o.sessions.store = store;
  o.sessions.counts = counts;
  o.sessions.budget = budget;
  digest = std::make_shared<conversation_digest>(sessions->key());
  o.sessions.digest = digest;
  kept = std::make_shared<kept_answers>(budget, digest);
  if (budget)
    budget->spare_by([weak = std::weak_ptr{kept}] {
      const auto all = weak.lock();
      return all && all->forget_oldest();
    });
  share_rests(o.upstreams);
  o.health = sessions->health();
  o.sessions.hold = sessions->hold();
  o.aliases = std::move(aliases);
  registry = system->spawn(nekod::registry, std::move(o));
  sessions->on_gone(
      [to = registry](const session_token& token) { caf::anon_send(to, atom::gone_v, token); });
}

/// Accounts rest on all nodes together. Runs before any upstream is called.
void assembly::share_rests(const std::vector<routed_upstream>& all) const {
  const auto rests = sessions->rests_of(store);
  if (!rests)
    return;
  std::vector<std::shared_ptr<upstream_service>> services;
  services.reserve(all.size());
  for (const auto& upstream : all)
    services.push_back(upstream.service);
  const auto sharing = std::make_shared<const rest_sharing>(
      services, [names = digest](const std::string& upstream, const std::string& account) {
        return names->of_parts({"account", upstream, account});
      });
  sharing->tell([rests](shared_rest r) { caf::anon_send(rests, std::move(r)); });
  sessions->on_rest([sharing](const shared_rest& r) { sharing->heard(r); });
}

/// How requests are handed on to other nodes; null if there are none.
std::shared_ptr<const http::cluster_options> assembly::cluster() {
  if (!node_server)
    return nullptr;
  auto o = cluster_options_of(set);
  o.places = sessions->places_of(store);
  o.net = &*node_client;
  auto& family = prometheus::BuildCounter()
                     .Name("nekod_relayed_requests_total")
                     .Help("Requests that were handed on to the node that keeps their answer")
                     .Register(counts->registry);
  const auto counter = [&family](const char* outcome) {
    return &family.Add({{"outcome", outcome}});
  };
  o.counts = {counter("answered"), counter("absent"), counter("unreachable"), counter("cut")};
  return std::make_shared<http::cluster_options>(std::move(o));
}

/// How limits are counted by all nodes together; null if each counts by itself.
std::shared_ptr<const http::shared_limits> assembly::limits() const {
  auto all = sessions->limits_of(store);
  if (!all || !set.store_limits_shared)
    return nullptr;
  auto result = std::make_shared<http::shared_limits>();
  result->all = std::move(all);
  result->decided_alone = &prometheus::BuildCounter()
                               .Name("nekod_limits_decided_alone_total")
                               .Help("Limited requests that this nekod decided without the others")
                               .Register(counts->registry)
                               .Add({});
  return result;
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
  scrape.watch("nekod_kept_answers", "Answers kept for clients that come back",
               count([this] { return kept->count(); }));
  scrape.watch("nekod_upstream_connections", "Connections to the upstream, idle ones included",
               count([this] { return client->open_connections(); }));
}

void assembly::make_routes() {
  auto reply = reply_options_of(set);
  reply.budget = budget;
  reply.counts = counts;
  auto pass = pass_options_of(set);
  pass.budget = budget;
  auto o = route_options_of(set);
  o.reply = std::make_shared<http::reply_options>(std::move(reply));
  o.pass = std::make_shared<http::pass_options>(std::move(pass));
  auto resumption = resumption_rules_of(set);
  resumption.all = kept;
  resumption.shared = has_shared_store(set);
  resumption.places = sessions->places_of(store);
  o.resumption = std::make_shared<resumption_rules>(std::move(resumption));
  o.cluster = cluster();
  o.limits = limits();
  o.digest = digest;
  o.home = [this] { return home_loop{loops, loops.here()}; };
  o.gate = &gate;
  o.keys = &keys;
  o.max_body = max_body_of(set, *budget);
  o.memory = [this] { return memory.resident(); };
  o.open_requests = [this] { return server->open_exchanges() + kept->running(); };
  o.passes = std::any_of(upstreams.begin(), upstreams.end(),
                         [](const auto& u) { return u.kind == upstream_kind::openai; });
  o.max_connections = max_connections;
  o.open_connections = [this] { return server->open_connections(); };
  o.metrics_text = [this] { return scrape.text(); };
  o.figures = [this] { return scrape.json(); };
  o.failures = [this](std::uint64_t after) { return failures.json_after(after); };
  o.max_buffered = budget->limit();
  o.instance = instance;
  routes.emplace(*system, registry, store, std::move(o));
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
