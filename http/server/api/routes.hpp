#pragma once

#include "actors/messages.hpp"
#include "http/server/api/request_context.hpp"
#include "http/server/api/route_options.hpp"
#include "http/server/message/exchange.hpp"
#include "protocol/chat/failure.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::http {

/// Leads a request to its endpoint: finds the endpoint, asks the gate, refuses requests that are
/// too large, not allowed or too many. Paths are accepted with and without `/v1`, and with doubled
/// and trailing slashes. `endpoint_table.cpp` lists the endpoints.
class routes {
public:
  routes(caf::actor_system& system, registry_actor registry, store_actor store,
         route_options options);

  /// Answers *x*, now or later. May be called on several threads at once.
  void handle(const exchange_ptr& x);

  /// Answers a request that another node handed on, for a caller that it has admitted: with an
  /// answer that is kept here, or with 404. Also while nekod drains.
  void handle_relayed(const exchange_ptr& x, std::string tenant) const;

  /// Whether *r*, of which only the head has been read, may be answered with more than a refusal.
  /// May be called on several threads at once.
  bool wants_body(const request& r) const;

  /// The most bytes of the body of *r*, of which only the head has been read, if the body passes to
  /// an upstream as it arrives; nothing if it is read whole, or is not wanted. May be called on
  /// several threads at once.
  std::optional<std::uint64_t> streams_body(const request& r) const;

  /// From now on nekod reports that it is not ready.
  void announce_drain() noexcept { api_.leaving = true; }

  /// From now on new requests are refused with 503, except those of monitors.
  void drain() noexcept { api_.draining = true; }

private:
  const endpoint* endpoint_of(const request& r, std::string_view path) const;
  bool lacks_memory() const;
  std::optional<chat::failure> capacity_refusal(const request_context& c) const;
  std::optional<chat::failure> head_refusal(const request& r, const endpoint* where) const;
  void dispatch(const request_context& c) const;
  void serve(const request_context& c, bool known) const;

  api_services api_;
};

} // namespace nekod::http
