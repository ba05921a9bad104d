#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <memory>

namespace nekod::http {

/// Cuts a connection whose peer takes no byte of what is written to it for too long. Costs a look
/// at the clock a write; its timer runs at most once a limit. To be used on the connection's
/// strand.
class write_watch : public std::enable_shared_from_this<write_watch> {
public:
  write_watch(asio::io_context& loop, std::chrono::seconds limit);

  /// Bytes wait to be taken from *socket*, which stays where it is until `stop`.
  void begin(asio::ip::tcp::socket& socket, const asio::any_io_executor& strand);

  /// Some of them were taken, or will not be.
  void end() noexcept { waiting_ = false; }

  /// The socket is being closed.
  void stop();

private:
  using clock = std::chrono::steady_clock;

  void wait();
  void look();

  asio::steady_timer timer_;
  std::chrono::seconds limit_;
  asio::ip::tcp::socket* socket_ = nullptr;
  asio::any_io_executor strand_;
  clock::time_point since_{};
  bool waiting_ = false;
  bool timer_runs_ = false;
};

} // namespace nekod::http
