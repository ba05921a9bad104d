#pragma once

#include "actors/registry/model_catalogue.hpp"
#include "actors/runtime/byte_budget.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/session/whole_conversation.hpp"
#include "actors/upstream/transport.hpp"
#include "config.hpp"
#include "http/server/api/pass_relay.hpp"
#include "http/server/api/reply.hpp"
#include "http/server/listen/server.hpp"
#include "http/server/listen/tls.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

/// What the rooms of the house are told of the settings, each in its own terms.
namespace nekod {

/// Whole seconds, at least one.
std::chrono::seconds in_whole_seconds(settings::seconds s);

/// Threads that run the loop.
unsigned threads_of(const settings& s);

/// What requests and answers may hold in memory together.
std::shared_ptr<byte_budget> budget_of(const settings& s);

/// Bytes of the longest body that is taken: not more than the budget has for requests.
std::size_t max_body_of(const settings& s, const byte_budget& budget);

/// The upstreams *all*, in their order.
/// @param instance Names this process to servers that are nekods.
std::vector<routed_upstream> make_upstreams(transport& net, const settings& s,
                                            const std::vector<upstream_settings>& all,
                                            const std::shared_ptr<byte_budget>& budget,
                                            const std::string& instance,
                                            const std::shared_ptr<metrics>& counts);

conversation_limits conversation_limits_of(const settings& s);

/// The server of clients. Raises the number of files that this process may open, and keeps
/// connections within it.
/// @throws std::system_error where more than one socket was handed over.
http::server_options server_options_of(const settings& s, http::tls_context tls,
                                       std::shared_ptr<byte_budget> budget);

/// The server that sends clients of plain HTTP to the other one.
/// @pre There is a port for it.
http::server_options redirect_options_of(const settings& s);

std::shared_ptr<const http::reply_options> reply_options_of(const settings& s,
                                                            std::shared_ptr<byte_budget> budget,
                                                            std::shared_ptr<metrics> counts);

std::shared_ptr<const http::pass_options> pass_options_of(const settings& s,
                                                          std::shared_ptr<byte_budget> budget);

} // namespace nekod
