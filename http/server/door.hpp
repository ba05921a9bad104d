#pragma once

#include "http/server/server_socket.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace nekod::http {

/// Accepts connections until it is closed, whatever goes wrong meanwhile: where accepting fails it
/// says so once, waits a little, and tries again.
class door : public std::enable_shared_from_this<door> {
public:
  using guest_handler = std::function<void(server_socket, const asio::ip::tcp::endpoint&)>;

  /// @param acceptor Listens already.
  /// @param f Called on the loop with each connection. What it throws is that connection's end.
  door(asio::io_context& loop, asio::ip::tcp::acceptor acceptor, std::shared_ptr<listener> from,
       guest_handler f);

  void open();

  /// Waits until the port is closed, so it must not be called on the loop. May be called again.
  void close();

private:
  using clock = std::chrono::steady_clock;

  void accept();
  void accepted(const asio::error_code& ec);
  void take_last();
  void let_in(server_socket socket);
  void fail(const asio::error_code& why);

  asio::io_context& loop_;
  asio::strand<asio::io_context::executor_type> strand_;
  asio::ip::tcp::acceptor acceptor_;
  std::shared_ptr<listener> listener_;
  guest_handler guest_handler_;
  server_socket next_;
  asio::steady_timer pause_;
  /// Failures since a connection was accepted.
  unsigned failures_ = 0;
  /// Since when the log may tell of a failure again.
  clock::time_point silent_until_{};
};

} // namespace nekod::http
