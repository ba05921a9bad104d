#pragma once

#include "http/server/exchange.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

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
  /// Bytes of a body that handlers will take. For the sake of a friendly answer bodies of up to
  /// twice as much and 1 MiB are read and handed on; a longer one closes the connection.
  std::size_t max_body = 16u << 20;
  /// Bytes of a request's target.
  std::size_t max_target = 8u << 10;
  /// Bytes of one header field's value.
  std::size_t max_header_value = 16u << 10;
  /// Header fields a request.
  std::size_t max_headers = 100;
  /// Connections at a time. A few more are served, for handlers to send away; those past them are
  /// closed at once.
  std::size_t max_connections = 16'000;
  /// From the first byte the server waits for to a request's last, idle time between two included.
  std::chrono::seconds read_timeout{60};
  /// Longest time one write may take: a client that does not read is dropped then.
  std::chrono::seconds write_timeout{60};
  /// Longest time without a write while a request is being answered.
  std::chrono::seconds answer_timeout{1800};
};

/// An HTTP/1.1 server on an event loop that others run. It hands each request to one handler and
/// tells exchanges at once when their client leaves.
class server {
public:
  using handler = std::function<void(exchange_ptr)>;

  /// Opens the port.
  /// @throws std::system_error that names the address, where it cannot be listened on.
  server(asio::io_context& loop, const server_options& options, handler f);

  /// Call `stop_accepting` before, if the loop runs on. Connections that are open stay so until it
  /// ends.
  ~server();

  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// The port it listens on.
  std::uint16_t port() const noexcept;

  /// Stops accepting. Connections and answers go on. Waits until the port is closed, so it must not
  /// be called on the loop.
  void stop_accepting();

  /// Exchanges not yet ended.
  std::size_t open_exchanges() const noexcept;

  /// Connections not yet closed.
  std::size_t open_connections() const noexcept;

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace nekod::http
