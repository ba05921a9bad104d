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
