#include "gateway.hpp"

#include "actors/event_loops.hpp"
#include "actors/ids.hpp"
#include "actors/messages.hpp"
#include "actors/metrics.hpp"
#include "actors/registry.hpp"
#include "actors/scheduler.hpp"
#include "actors/session_database.hpp"
#include "actors/sqlite_store.hpp"
#include "actors/store.hpp"
#include "bench/simulator/service.hpp"
#include "http/client/curl_transport.hpp"
#include "http/server/access_log.hpp"
#include "http/server/memory_watch.hpp"
#include "http/server/redirect.hpp"
#include "http/server/routes.hpp"
#include "http/server/scrape.hpp"
#include "http/server/server.hpp"
#include "room_options.hpp"
#include "stream_shares.hpp"

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nekod {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// How long answers that the drain's limit cut may take to say so.
constexpr milliseconds last_words{1000};

/// How often they are looked at meanwhile.
constexpr milliseconds last_words_interval{20};

/// How long the watchdog's question may take.
constexpr seconds check_timeout{10};

/// The sessions' file, if there is to be one.
/// @throws std::runtime_error that names the setting, and says what is wrong with the file.
std::shared_ptr<session_database> open_database(const settings& s) {
  if (s.store_file.empty())
    return nullptr;
  using texts = session_database::texts;
  try {
    return std::make_shared<session_database>(s.store_file,
                                              s.store_texts ? texts::kept : texts::dropped);
  } catch (const std::runtime_error& e) {
    throw std::runtime_error{std::string{"--store: "} + e.what()};
  }
}

/// Looks at *done* until it says yes or the time is over.
template <class Done>
void wait_until(milliseconds limit, Done done) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  while (!done() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(last_words_interval);
}

} // namespace

/// In the order they are made; what comes later uses what comes before.
class gateway::rooms {
public:
  rooms(settings s, live_settings live, logs& log)
      : settings_(std::move(s)),
        log_(log),
        upstreams_(settings_.upstreams),
        gate_(std::move(live.admission), counts_),
        loops_(threads_of(settings_)) {
    if (upstreams_.front().kind == upstream_kind::simulator)
      start_simulator();
    open_ports(std::move(live.tls));
    database_ = open_database(settings_);
    digest_ = std::make_shared<conversation_digest>(database_ ? database_->digest_key()
                                                              : make_digest_key());
    make_client();
    make_actors(std::move(live.aliases));
    make_routes();
    spdlog::info("listening on {}", server_->address());
    warn_of_strangers();
  }

  ~rooms() { loops_.stop(); }

  rooms(const rooms&) = delete;
  rooms& operator=(const rooms&) = delete;

  void start() { loops_.run(); }

  void reload(const settings& s) {
    auto live = load_live_settings(s);
    if (!live) {
      spdlog::error("reload refused: {}", live.error());
      return;
    }
    for (const auto& name : fixed_changes(settings_, s))
      spdlog::warn("reload: {} changed, which takes a restart", name);
    log_.use(s);
    gate_.use(std::move(live->admission));
    caf::anon_send(registry_, std::move(live->aliases));
    if (static_cast<bool>(live->tls) != !settings_.tls_cert.empty())
      spdlog::warn("reload: TLS cannot be switched on or off without a restart");
    else if (live->tls)
      server_->use(std::move(live->tls));
    spdlog::info("settings reloaded");
  }

  void announce_drain() {
    spdlog::info("about to drain: {} answers run", open_answers());
    routes_->announce_drain();
    for_each_server([](http::server& s) { s.announce_leaving(); });
  }

  void close_door() {
    for_each_server([](http::server& s) {
      s.stop_accepting();
      s.close_idle();
    });
  }

  void drain() {
    spdlog::info("draining: {} answers still run", open_answers());
    routes_->drain();
  }

  std::size_t open_answers() const { return server_->open_exchanges(); }

  std::size_t open_connections() const { return server_->open_connections(); }

  void check(std::function<void()> f) {
    system_->spawn(
        [f = std::move(f)](caf::event_based_actor* self, const registry_actor& registry) {
          self->request(registry, check_timeout, atom::ready_v)
              .then([f](const readiness&) { f(); },
                    [](const caf::error&) { spdlog::error("the registry does not answer"); });
        },
        registry_);
  }

  bool stop() {
    // What runs on past the drain's limit hears of the end through its session's.
    caf::anon_send_exit(registry_, caf::exit_reason::user_shutdown);
    wait_until(last_words, [this] { return open_answers() == 0; });
    caf::anon_send_exit(store_, caf::exit_reason::user_shutdown);
    wait_until(last_words, [this] { return system_->registry().running() == 0; });
    if (system_->registry().running() > 0) {
      spdlog::warn("ended with {} answers unread", open_answers());
      return false;
    }
    client_->stop();
    if (simulator_)
      simulator_->stop();
    loops_.stop();
    // What the loops and the routes still hold of actors goes before their system.
    routes_.reset();
    registry_ = nullptr;
    store_ = nullptr;
    loops_.poll();
    spdlog::info("ended");
    return true;
  }

private:
  template <class Use>
  void for_each_server(Use use) {
    use(*server_);
    if (redirect_)
      use(*redirect_);
  }

  void start_simulator() {
    sim::options o;
    auto& upstream = upstreams_.front();
    upstream.accounts = {{make_id("simulated-"), {}, 1}};
    o.token = upstream.accounts.front().secret;
    o.delay = milliseconds{20};
    simulator_ = std::make_unique<sim::service>(loops_[0], o);
    upstream.url = simulator_->base_url();
    spdlog::info("the simulator answers at {}", upstream.url);
  }

  /// Before there is an actor, so that a port in use ends the program; served once the loop runs.
  void open_ports(http::tls_context tls) {
    auto o = server_options_of(settings_, std::move(tls));
    max_connections_ = o.max_connections;
    o.ended = [this](const auto& request, const auto& notes, const auto& outcome) {
      exchange_ended(request, notes, outcome);
    };
    o.wants_body = [this](const auto& request) { return routes_ && routes_->wants_body(request); };
    server_.emplace(loops_.all(), o, [this](const http::exchange_ptr& x) {
      // What came in with the last words, and is looked at when all is over, is dropped.
      if (routes_)
        routes_->handle(x);
    });
    if (!settings_.tls_redirect_port)
      return;
    auto plain = redirect_options_of(settings_);
    plain.ended = o.ended;
    redirect_.emplace(loops_.all(), plain, [port = server_->port()](const http::exchange_ptr& x) {
      http::redirect_to_tls(*x, port);
    });
    spdlog::info("redirecting from {}", redirect_->address());
  }

  void exchange_ended(const http::request& request, const http::exchange_notes& notes,
                      const http::exchange_outcome& outcome) {
    counts_->request_ended(request.method, notes.endpoint, outcome.status, outcome.duration);
    auto& log = log_.requests();
    if (log.should_log(spdlog::level::info))
      log.info(settings_.log_format == log_format::json
                   ? http::access_members(request, notes, outcome)
                   : http::access_line(request, notes, outcome));
  }

  /// @throws std::runtime_error that names the setting, and says what is wrong with it.
  void make_client() {
    http::client_options o;
    o.proxy = settings_.upstream_proxy;
    o.authorities = settings_.upstream_ca;
    o.window = stream_shares{settings_.stream_buffer}.window;
    o.multiplexed = settings_.upstream_http2;
    o.max_connections = max_connections_;
    o.counts = counts_;
    try {
      client_.emplace(loops_, o);
    } catch (const std::runtime_error& e) {
      throw std::runtime_error{std::string{"--upstream-ca: "} + e.what()};
    }
  }

  void make_actors(model_aliases aliases) {
    add_message_types(config_);
    run_actors_on(loops_, config_);
    system_.emplace(config_);
    store_ = make_store();
    registry_options o;
    o.upstreams = make_upstreams(*client_, settings_, upstreams_, counts_);
    o.limits = conversation_limits_of(settings_);
    o.store = store_;
    o.counts = counts_;
    o.aliases = std::move(aliases);
    o.digest = digest_;
    o.matching = settings_.session_matching;
    o.session_queue = settings_.session_queue;
    o.session_idle = in_whole_seconds(settings_.session_idle);
    o.session_max_age = max_age();
    o.models_age = in_whole_seconds(settings_.models_age);
    registry_ = system_->spawn(registry, std::move(o));
  }

  /// Zero for no limit.
  std::chrono::seconds max_age() const {
    auto limited = settings_.session_max_age.count() > 0;
    return limited ? in_whole_seconds(settings_.session_max_age) : std::chrono::seconds{0};
  }

  store_actor make_store() {
    session_lifetime lifetime{in_whole_seconds(settings_.session_ttl), max_age()};
    if (!database_)
      return system_->spawn(memory_store, lifetime, counts_);
    // A thread of its own, where it may wait for the disk. The file is closed when it ends.
    return system_->spawn<caf::detached>(sqlite_store, std::exchange(database_, nullptr), lifetime,
                                         counts_);
  }

  void make_routes() {
    auto count = [](auto look) { return [look] { return static_cast<double>(look()); }; };
    scrape_.watch("nekod_open_connections", "Connections of clients",
                  count([this] { return server_->open_connections(); }));
    scrape_.watch("nekod_open_requests", "Requests being answered",
                  count([this] { return server_->open_exchanges(); }));
    scrape_.watch("nekod_open_streams", "Answers being streamed",
                  count([this] { return server_->open_streams(); }));
    scrape_.watch("nekod_upstream_connections", "Connections to the upstream, idle ones included",
                  count([this] { return client_->open_connections(); }));
    http::route_options o;
    o.reply = reply_options_of(settings_, counts_);
    o.gate = &gate_;
    o.max_body = settings_.max_content_length;
    o.max_url = settings_.max_url_size;
    o.max_headers = settings_.max_header_size;
    o.max_requests = settings_.max_streams;
    o.max_memory = settings_.max_memory;
    o.memory = [this] { return memory_.resident(); };
    o.open_requests = [this] { return server_->open_exchanges(); };
    o.max_connections = max_connections_;
    o.open_connections = [this] { return server_->open_connections(); };
    o.metrics_text = [this] { return scrape_.text(); };
    o.version = NEKOD_VERSION;
    routes_.emplace(*system_, registry_, std::move(o));
  }

  void warn_of_strangers() const {
    auto address = server_->address();
    auto local = address.rfind("127.", 0) == 0 || address.rfind("[::1]", 0) == 0;
    if (!local && settings_.api_keys.empty())
      spdlog::warn("anybody who reaches {} may use the account: there is no --api-keys", address);
  }

  settings settings_;
  logs& log_;
  /// As set, but for the simulator, whose address and token are not settings.
  std::vector<upstream_settings> upstreams_;
  std::shared_ptr<metrics> counts_ = std::make_shared<metrics>();
  http::memory_watch memory_;
  http::scrape scrape_{counts_, NEKOD_VERSION};
  http::admission gate_;
  event_loops loops_;
  std::unique_ptr<sim::service> simulator_;
  std::optional<http::server> server_;
  std::size_t max_connections_ = 0;
  std::optional<http::server> redirect_;
  std::shared_ptr<session_database> database_;
  std::shared_ptr<const conversation_digest> digest_;
  std::optional<http::curl_transport> client_;
  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_;
  store_actor store_;
  registry_actor registry_;
  std::optional<http::routes> routes_;
};

gateway::gateway(settings s, live_settings live, logs& log)
    : rooms_(std::make_unique<rooms>(std::move(s), std::move(live), log)) {}

gateway::~gateway() = default;

void gateway::start() { rooms_->start(); }

void gateway::reload(const settings& s) { rooms_->reload(s); }

void gateway::announce_drain() { rooms_->announce_drain(); }

void gateway::close_door() { rooms_->close_door(); }

void gateway::drain() { rooms_->drain(); }

std::size_t gateway::open_answers() const { return rooms_->open_answers(); }

std::size_t gateway::open_connections() const { return rooms_->open_connections(); }

void gateway::check(std::function<void()> f) { rooms_->check(std::move(f)); }

bool gateway::stop() { return rooms_->stop(); }

} // namespace nekod
