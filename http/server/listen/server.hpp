#pragma once

#include "actors/runtime/byte_budget.hpp"
#include "http/server/listen/tls.hpp"
#include "http/server/message/exchange.hpp"
#include "http/server/message/request_reader.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace asio {
class io_context;
} // namespace asio

namespace nekod::http {

/// How a server listens, and what it takes.
struct server_options {
  /// An IPv4 or IPv6 address, or `localhost`.
  std::string host = "127.0.0.1";
  /// 0 lets the system pick one.
  std::uint16_t port = 0;
  /// Bytes of a body that are read; of a longer one only the head is handed on.
  std::size_t max_body = 16u << 20;
  /// Asked whether a body that is not small is to be read, when its head is there, and again each
  /// time that it has doubled: where not, the head is handed on at once, to be refused. May be
  /// called on any thread, several at once. May be empty.
  std::function<bool(const request&)> wants_body;
  /// What requests and answers may hold in memory together; null for no limit.
  std::shared_ptr<byte_budget> budget;
  /// Asked about bodies that are handed on as they come, as `reading_rules` has it. May be empty.
  std::function<std::optional<std::uint64_t>(const request&)> streams_body;
  /// Connections at a time. A few more are served, for handlers to send away; those past them are
  /// closed at once.
  std::size_t max_connections = 16'000;
  /// A socket that listens already, as a service manager hands it over; it is used in place of
  /// *host* and *port*. Negative for none.
  int inherited_socket = -1;
  /// A certificate, for TLS; null for plain HTTP.
  tls_context tls;
  /// Longest time for a client's TLS handshake.
  std::chrono::seconds handshake_timeout{10};
  /// Fields for every answer.
  fields extra;
  /// Told of each exchange when its handler has dropped it. May be called on any thread, several at
  /// once. May be empty.
  std::function<void(const request&, const exchange_notes&, const exchange_outcome&)> ended;
  /// From the first byte the server waits for to a request's last, idle time between two included.
  std::chrono::seconds read_timeout{60};
  /// Longest time without a byte taken of what is written: a client that does not read is dropped
  /// then.
  std::chrono::seconds write_timeout{60};
  /// Longest time without a write while a request is being answered.
  std::chrono::seconds answer_timeout{1800};
};

/// An HTTP/1.1 server on event loops that others run, plain or over TLS. It hands each request to
/// one handler, also one that could not be read to its end, and tells exchanges at once when their
/// client leaves. Requests of one connection are handed on one after the other, each when the one
/// before is answered.
class server {
public:
  using handler = std::function<void(exchange_ptr)>;

  /// Opens the port.
  /// @param loops Connections belong to each in turn. All must live until the first one ends.
  /// @throws std::system_error that names the address, where it cannot be listened on.
  server(const std::vector<asio::io_context*>& loops, const server_options& options, handler f);

  /// Call `stop_accepting` before, if the loops run on. Connections that are open stay so until
  /// those end.
  ~server();

  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// The port it listens on.
  std::uint16_t port() const noexcept;

  /// The address it listens on, as `HOST:PORT`.
  std::string address() const;

  /// Takes another certificate for the connections from now on. Only where it has one.
  void use(tls_context tls);

  /// Stops accepting. Connections and answers go on. Waits until the port is closed, so it must not
  /// be called on a loop.
  void stop_accepting();

  /// From now on each answer that begins closes its connection behind it.
  void announce_leaving() noexcept;

  /// Closes connections that wait for another request, and the others behind the answer that is
  /// under way or to come. Call `announce_leaving` and `stop_accepting` before.
  void close_idle();

  /// Exchanges not yet ended, and the streams among them.
  std::size_t open_exchanges() const noexcept;
  std::size_t open_streams() const noexcept;

  /// Connections not yet closed.
  std::size_t open_connections() const noexcept;

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace nekod::http
