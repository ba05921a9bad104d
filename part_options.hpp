#pragma once

#include "actors/registry/registry_options.hpp"
#include "actors/resumption/kept_answer.hpp"
#include "actors/runtime/byte_budget.hpp"
#include "actors/runtime/logs/logging.hpp"
#include "actors/store/postgres/store_options.hpp"
#include "actors/store/session_store.hpp"
#include "actors/upstream/make_upstreams.hpp"
#include "config.hpp"
#include "http/client/client_options.hpp"
#include "http/server/api/answer/reply.hpp"
#include "http/server/api/cluster/holder_relay.hpp"
#include "http/server/api/passing/pass_relay.hpp"
#include "http/server/api/route_options.hpp"
#include "http/server/listen/server_options.hpp"

#include <cstddef>
#include <memory>

/// The options of the gateway's parts, made from the settings. Members that are other parts, or
/// functions of them, are left unset: `assembly` sets them.
namespace nekod {

/// The options of the two logs.
log_options log_options_of(const settings& s);

/// The number of threads, at least 1.
unsigned threads_of(const settings& s);

/// The budget for all requests that are read and all answers that wait.
std::shared_ptr<byte_budget> budget_of(const settings& s);

/// The most bytes of a body: not more than the budget has for requests.
std::size_t max_body_of(const settings& s, const byte_budget& budget);

/// Raises the process's limit of open files as far as it can, since connections are limited by it.
http::server_options server_options_of(const settings& s);

/// Options for the server of plain HTTP that redirects to TLS.
/// @pre `s.tls_redirect_port`
http::server_options redirect_options_of(const settings& s);

/// Options for the server that other nodes ask.
/// @pre `s.cluster.address` is not empty
http::server_options node_server_options_of(const settings& s);

http::client_options client_options_of(const settings& s);
/// Options for the calls to other nodes.
http::client_options node_client_options_of(const settings& s);
upstream_rules upstream_rules_of(const settings& s);
session_lifetime lifetime_of(const settings& s);
registry_options registry_options_of(const settings& s);
postgres_store_options postgres_options_of(const settings& s);
http::reply_options reply_options_of(const settings& s);
http::pass_options pass_options_of(const settings& s);
/// How answers are kept for clients that come back.
resumption_rules resumption_rules_of(const settings& s);
/// How requests are handed on to other nodes.
http::cluster_options cluster_options_of(const settings& s);
http::route_options route_options_of(const settings& s);

} // namespace nekod
