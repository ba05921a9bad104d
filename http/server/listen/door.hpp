#pragma once

#include "http/server/listen/server_socket.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace nekod::http {

/// Accepts connections until it is closed, for each of its loops in turn, whatever goes wrong
/// meanwhile: where accepting fails it says so once, waits a little, and tries again.
class door : public std::enable_shared_from_this<door> {
public:
  /// Takes a connection that belongs to the loop of that number.
  using guest_handler =
      std::function<void(std::size_t, server_socket, const asio::ip::tcp::endpoint&)>;

  /// @param acceptor Listens already, on the first loop.
  /// @param f Called on the connection's loop. What it throws is that connection's end.
  door(const std::vector<asio::io_context*>& loops, asio::ip::tcp::acceptor acceptor,
       std::shared_ptr<listener> from, guest_handler f);

  void open();

  /// Waits until the port is closed and all connections are handed over, so it must not be called
  /// on a loop. May be called again.
  void close();

private:
  using clock = std::chrono::steady_clock;

  void wait();
  asio::error_code accept(std::size_t most);
  void let_in(std::size_t loop, server_socket socket);
  void fail(const asio::error_code& why);

  std::vector<asio::io_context*> loops_;
  asio::strand<asio::io_context::executor_type> strand_;
  asio::ip::tcp::acceptor acceptor_;
  std::shared_ptr<listener> listener_;
  guest_handler guest_handler_;
  /// Whose turn it is.
  std::size_t next_loop_ = 0;
  asio::steady_timer pause_;
  /// Failures since a connection was accepted.
  unsigned failures_ = 0;
  /// Since when the log may tell of a failure again.
  clock::time_point silent_until_{};
};

} // namespace nekod::http
