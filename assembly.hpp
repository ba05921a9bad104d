#pragma once

#include "actors/messages.hpp"
#include "actors/registry/model_catalogue.hpp"
#include "actors/resumption/kept_answers.hpp"
#include "actors/runtime/event_loops.hpp"
#include "actors/runtime/ids.hpp"
#include "actors/runtime/logs/logging.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/runtime/process/memory.hpp"
#include "actors/store/session_store.hpp"
#include "bench/simulator/service.hpp"
#include "config.hpp"
#include "http/client/http_client.hpp"
#include "http/server/api/cluster/node_door.hpp"
#include "http/server/api/routes.hpp"
#include "http/server/gate/key_keeper.hpp"
#include "http/server/listen/server.hpp"
#include "http/server/watch/failure_log.hpp"
#include "http/server/watch/scrape.hpp"
#include "reload.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// All parts of the gateway, made from the settings. The members are in the order in which they are
/// made: each uses members before it. `gateway` starts and stops them.
struct assembly {
  /// Makes all parts, and opens the ports. Nothing is answered before the loops run, except while
  /// this waits for a store that several nekods share.
  /// @param told_to_end Asked while this waits.
  /// @throws start_error that names a setting that cannot be used, and its source; without an error
  /// if it was told to end.
  assembly(settings s, live_settings live, logs& l, std::function<bool()> told_to_end);
  ~assembly();
  assembly(const assembly&) = delete;
  assembly& operator=(const assembly&) = delete;

  const settings set;
  logs& log;
  const std::function<bool()> told_to_end;
  /// A random name of this process, to detect loops of nekods.
  const std::string instance = make_id("nekod-");
  /// As in the settings, but with the address and token of the simulator, if that is the upstream.
  std::vector<upstream_settings> upstreams;
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
  memory_watch memory;
  /// The budget for all requests that are read and all answers that wait.
  std::shared_ptr<byte_budget> budget;
  http::scrape scrape{counts, NEKOD_VERSION};
  http::failure_log failures;
  http::admission gate;
  http::key_keeper keys;
  event_loops loops;
  std::unique_ptr<sim::service> simulator;
  std::optional<http::server> server;
  std::size_t max_connections = 0;
  /// The server of plain HTTP that redirects to TLS.
  std::optional<http::server> redirect;
  /// The server that other nodes ask, and what asks them.
  std::optional<http::server> node_server;
  std::optional<http::node_door> node_door;
  std::optional<http::http_client> node_client;
  std::unique_ptr<session_store> sessions;
  std::optional<http::http_client> client;
  caf::actor_system_config config;
  std::optional<caf::actor_system> system;
  store_actor store;
  registry_actor registry;
  /// The digests under the store's key.
  std::shared_ptr<const conversation_digest> digest;
  /// The answers whose clients may come back.
  std::shared_ptr<kept_answers> kept;
  std::optional<http::routes> routes;

private:
  /// Whether the store could not be reached at first. Set before the loops run.
  bool waits_for_store = false;

  void start_simulator();
  void open_ports(http::tls_context tls);
  void open_redirect();
  void open_node_server();
  void exchange_ended(const http::request& request, const http::exchange_notes& notes,
                      const http::exchange_outcome& outcome);
  void open_store();
  void open_shared_store();
  void answer_meanwhile(const std::string& why);
  void make_client();
  void make_actors(model_aliases aliases);
  void share_rests(const std::vector<routed_upstream>& all) const;
  std::shared_ptr<const http::cluster_options> cluster();
  std::shared_ptr<const http::shared_limits> limits() const;
  void watch_sizes();
  void make_routes();
  void warn_if_open() const;
};

} // namespace nekod
