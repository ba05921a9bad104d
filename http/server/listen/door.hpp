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

/// Accepts connections until it is closed, for each of its loops in turn, and never gives up: if
/// accepting fails, it logs that once, waits a little, and tries again.
class door : public std::enable_shared_from_this<door> {
public:
  /// Takes over a connection on the loop with that number.
  using guest_handler =
      std::function<void(std::size_t, server_socket, const asio::ip::tcp::endpoint&)>;

  /// @param acceptor Is already listening, on the first loop.
  /// @param f Called on the connection's loop. An exception closes that connection.
  door(const std::vector<asio::io_context*>& loops, asio::ip::tcp::acceptor acceptor,
       std::shared_ptr<listener> from, guest_handler f);

  void open();

  /// Waits until the port is closed and all connections are handed over, so it must not be called
  /// on a loop. May be called repeatedly.
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
  /// The loop for the next connection.
  std::size_t next_loop_ = 0;
  asio::steady_timer pause_;
  /// Failures since the last accepted connection.
  unsigned failures_ = 0;
  /// The time from which a failure may be logged again.
  clock::time_point silent_until_{};
};

} // namespace nekod::http
