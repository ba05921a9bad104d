#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <memory>

namespace nekod::http {

/// Cuts a connection whose peer accepts no byte for too long. Costs one look at the clock per
/// write; its timer runs at most once per limit. To be used on the connection's strand.
class write_watch : public std::enable_shared_from_this<write_watch> {
public:
  write_watch(asio::io_context& loop, std::chrono::seconds limit);

  /// Bytes wait to be accepted by the peer of *socket*, which must not move until `stop`.
  void begin(asio::ip::tcp::socket& socket, const asio::any_io_executor& strand);

  /// Some bytes were accepted, or none will be any more.
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
