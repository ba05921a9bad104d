#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/event_loops.hpp"
#include "actors/runtime/ids.hpp"
#include "actors/runtime/logging.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/store/session_store.hpp"
#include "bench/simulator/service.hpp"
#include "http/client/curl_transport.hpp"
#include "http/server/api/routes.hpp"
#include "http/server/gate/memory_watch.hpp"
#include "http/server/listen/server.hpp"
#include "http/server/watch/scrape.hpp"
#include "live_settings.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// The rooms of the house, in the order they are made: what comes later uses what comes before.
/// They are put together here; the gateway has them work, and takes them apart.
struct rooms {
  /// Opens the ports, and nothing is answered before the loops run.
  /// @throws start_error that names the setting which cannot be used, and where it was found.
  rooms(settings s, live_settings live, logs& l);
  ~rooms();
  rooms(const rooms&) = delete;
  rooms& operator=(const rooms&) = delete;

  const settings set;
  logs& log;
  /// Names this process among nekods, at random.
  const std::string instance = make_id("nekod-");
  /// As set, but for the simulator, whose address and token are not settings.
  std::vector<upstream_settings> upstreams;
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
  http::memory_watch memory;
  /// Of all requests being read and answers that wait.
  std::shared_ptr<byte_budget> budget;
  http::scrape scrape{counts, NEKOD_VERSION};
  http::admission gate;
  event_loops loops;
  std::unique_ptr<sim::service> simulator;
  std::optional<http::server> server;
  std::size_t max_connections = 0;
  /// Plain HTTP's, where TLS is wanted.
  std::optional<http::server> redirect;
  std::unique_ptr<session_store> sessions;
  std::optional<http::curl_transport> client;
  caf::actor_system_config config;
  std::optional<caf::actor_system> system;
  store_actor store;
  registry_actor registry;
  std::optional<http::routes> routes;

private:
  void start_simulator();
  void open_ports(http::tls_context tls);
  void exchange_ended(const http::request& request, const http::exchange_notes& notes,
                      const http::exchange_outcome& outcome);
  void make_client();
  void make_actors(model_aliases aliases);
  void watch_sizes();
  void make_routes();
  void warn_of_strangers() const;
};

} // namespace nekod
