#pragma once

#include "http/server/listen/server_options.hpp"
#include "http/server/listen/tls.hpp"
#include "http/server/message/exchange.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace asio {
class io_context;
} // namespace asio

namespace nekod::http {

/// An HTTP/1.1 server on event loops that others run, plain or over TLS. It calls one handler for
/// each request, also for a request that could not be read to its end, and tells exchanges at once
/// when their client leaves. The requests of one connection come one after the other, each when the
/// one before it is answered.
class server {
public:
  using handler = std::function<void(exchange_ptr)>;

  /// Opens the port.
  /// @param loops Connections are assigned to them in turn. All must live until the first one ends.
  /// @throws std::system_error that names the address if it cannot be listened on.
  server(const std::vector<asio::io_context*>& loops, const server_options& options, handler f);

  /// If the loops still run, call `stop_accepting` before. Open connections stay open until the
  /// loops end.
  ~server();

  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// The port of the server.
  std::uint16_t port() const noexcept;

  /// The address of the server, as `HOST:PORT`.
  std::string address() const;

  /// Uses another certificate for new connections. The server must have had one so far.
  void use(tls_context tls);

  /// Stops accepting connections. Open connections and answers go on. Waits until the port is
  /// closed, so it must not be called on a loop.
  void stop_accepting();

  /// From now on, each connection is closed after the next answer that begins on it.
  void announce_leaving() noexcept;

  /// Closes connections that wait for another request at once, and the others after their current
  /// answer. Call `announce_leaving` and `stop_accepting` before.
  void close_idle();

  /// The number of exchanges that have not ended, and of the streams among them.
  std::size_t open_exchanges() const noexcept;
  std::size_t open_streams() const noexcept;

  /// The number of open connections.
  std::size_t open_connections() const noexcept;

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace nekod::http
