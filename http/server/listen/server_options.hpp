#pragma once

#include "actors/runtime/byte_budget.hpp"
#include "http/server/listen/tls.hpp"
#include "http/server/message/exchange.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nekod::http {

/// The address, limits and times of a server. Members without a value here must be set.
struct server_options {
  /// An IPv4 or IPv6 address, or `localhost`.
  std::string host;
  /// 0 lets the system pick one.
  std::uint16_t port = 0;
  /// Bytes of a body that are read; of a request with a longer one, only the head is handed on.
  std::size_t max_body = 0;
  /// Asked whether to read a body that is not small: when its head is there, and again each time
  /// that the body has doubled. If not, the head is handed on at once, to be refused. May be called
  /// on any thread, several at once. May be empty.
  std::function<bool(const request&)> wants_body;
  /// The budget for the memory of all requests and answers; null for no limit.
  std::shared_ptr<byte_budget> budget;
  /// The limit of bodies that are handed on as they arrive; see `reading_rules`. May be empty.
  std::function<std::optional<std::uint64_t>(const request&)> streams_body;
  /// Connections at a time. A few more are served, so that handlers can refuse their requests;
  /// further ones are closed at once.
  std::size_t max_connections = 0;
  /// A listening socket handed over by a service manager, which replaces *host* and *port*.
  /// Negative for none.
  int inherited_socket = -1;
  /// A certificate, for TLS; null for plain HTTP.
  tls_context tls;
  /// Longest time for a client's TLS handshake.
  std::chrono::seconds handshake_timeout{10};
  /// Fields for every answer.
  fields extra;
  /// Called when the handler of an exchange has dropped it. May be called on any thread, several at
  /// once. May be empty.
  std::function<void(const request&, const exchange_notes&, const exchange_outcome&)> ended;
  /// Longest time from the end of one request to the end of the next: idle time is included.
  std::chrono::seconds read_timeout{0};
  /// Longest time in which a client accepts no byte of what is written; then it is dropped.
  std::chrono::seconds write_timeout{0};
  /// Longest time without a write while a request is being answered.
  std::chrono::seconds answer_timeout{0};
};

} // namespace nekod::http
