#include "gateway.hpp"

#include "assembly.hpp"

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <thread>
#include <utility>

namespace nekod {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The most time for answers that were cut by the drain's limit to send their last event.
constexpr milliseconds last_events_limit{1000};

/// The interval in which these answers are counted.
constexpr milliseconds last_events_interval{20};

/// The most time for an answer to the watchdog's question.
constexpr seconds check_timeout{10};

/// Calls *done* again and again until it returns true or the time is over.
template <class Done>
void wait_until(milliseconds limit, Done done) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  while (!done() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(last_events_interval);
}

std::optional<std::size_t> count_of(const std::optional<http::api_keys>& keys) {
  return keys ? std::optional{keys->size()} : std::nullopt;
}

template <class Use>
void for_each_server(assembly& all, Use use) {
  use(*all.server);
  if (all.redirect)
    use(*all.redirect);
}

} // namespace

gateway::gateway(settings s, live_settings live, logs& log, std::function<bool()> told_to_end)
    : keys_(count_of(live.admission.keys)),
      parts_(
          std::make_unique<assembly>(std::move(s), std::move(live), log, std::move(told_to_end))) {}

gateway::~gateway() = default;

void gateway::start() { parts_->loops.run(); }

void gateway::reload(const settings& s) {
  // No key may change between reading its file and using it.
  auto held = parts_->keys.hold();
  auto live = load_live_settings(s);
  if (!live) {
    spdlog::error("reload refused: {}", live.error().text);
    return;
  }
  auto& all = *parts_;
  if (auto problem = reload_problem(all.set, keys_, s, *live); !problem.empty()) {
    spdlog::error("reload refused: {}", problem);
    return;
  }
  keys_ = count_of(live->admission.keys);
  for (const auto& name : fixed_changes(all.set, s))
    spdlog::warn("reload: {} changed, which needs a restart", name);
  all.log.set_level(s.log_level);
  all.gate.use(std::move(live->admission));
  all.keys.use(s.api_keys);
  caf::anon_send(all.registry, std::move(live->aliases));
  if (static_cast<bool>(live->tls) != !all.set.tls_cert.empty())
    spdlog::warn("reload: TLS cannot be switched on or off without a restart");
  else if (live->tls)
    all.server->use(std::move(live->tls));
  spdlog::info("settings reloaded");
}

void gateway::announce_drain() {
  spdlog::info("draining soon: {} running answers", open_answers());
  parts_->routes->announce_drain();
  for_each_server(*parts_, [](http::server& s) { s.announce_leaving(); });
}

void gateway::close_door() {
  for_each_server(*parts_, [](http::server& s) {
    s.stop_accepting();
    s.close_idle();
  });
}

void gateway::drain() {
  spdlog::info("draining: {} running answers", open_answers());
  parts_->routes->drain();
}

std::size_t gateway::open_answers() const {
  const auto relayed = parts_->node_server ? parts_->node_server->open_exchanges() : 0;
  return parts_->server->open_exchanges() + parts_->kept->running() + relayed;
}

std::size_t gateway::open_connections() const { return parts_->server->open_connections(); }

void gateway::check(std::function<void()> f) {
  parts_->system->spawn(
      [f = std::move(f)](caf::event_based_actor* self, const registry_actor& registry) {
        self->request(registry, check_timeout, atom::ready_v)
            .then([f](const readiness&) { f(); },
                  [](const caf::error&) { spdlog::error("the registry does not answer"); });
      },
      parts_->registry);
}

bool gateway::stop() {
  auto& all = *parts_;
  // Answers that still run end with their sessions.
  caf::anon_send_exit(all.registry, caf::exit_reason::user_shutdown);
  wait_until(last_events_limit, [this] { return open_answers() == 0; });
  all.kept->stop();
  caf::anon_send_exit(all.store, caf::exit_reason::user_shutdown);
  wait_until(last_events_limit, [&] { return all.system->registry().running() == 0; });
  if (all.system->registry().running() > 0) {
    spdlog::warn("stopped with {} answers unfinished", open_answers());
    return false;
  }
  all.client->stop();
  if (all.node_client)
    all.node_client->stop();
  if (all.simulator)
    all.simulator->stop();
  all.loops.stop();
  // The references to actors that the loops and the routes still hold must go before their system.
  all.routes.reset();
  all.registry = nullptr;
  all.store = nullptr;
  all.loops.poll();
  spdlog::info("ended");
  return true;
}

} // namespace nekod
