#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <asio/posix/descriptor_base.hpp>
#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace nekod::http {

class connection;

/// The sockets of a loop's own client, watched by one epoll instance of which the loop sees one
/// descriptor: a wait then costs one system call for all sockets that are ready, not one each. Used
/// on the loop's thread.
class event_poll {
public:
  /// @throws std::system_error if there is no descriptor for the instance.
  explicit event_poll(asio::io_context& loop);

  event_poll(const event_poll&) = delete;
  event_poll& operator=(const event_poll&) = delete;

  /// Waits for *events* of a socket from here on: `EPOLLIN`, `EPOLLOUT`, both, or 0 for none.
  void wait_for(int socket, connection& of, std::uint32_t events);

  /// The socket is about to be closed. Events of it that were seen already are dropped.
  void forget(int socket);

  /// Calls *f* with an error code once a socket is ready, as Asio does.
  template <class Handler>
  void async_wait(Handler f) {
    epoll_.async_wait(asio::posix::descriptor_base::wait_read, std::move(f));
  }

  /// Calls *serve* with each connection whose socket is ready, and its events. It may open and
  /// close sockets.
  template <class Serve>
  void look(Serve serve) {
    std::array<epoll_event, max_events> events;
    const auto n = epoll_wait(epoll_.native_handle(), events.data(), max_events, 0);
    for (int i = 0; i < n; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      const auto& watched = sockets_[static_cast<std::uint32_t>(event.data.u64)];
      if (watched.of && watched.generation == event.data.u64 >> generation_shift)
        serve(*watched.of, event.events);
    }
  }

  /// Stops watching, for good.
  void stop();

private:
  /// The most sockets that are served after one wait.
  static constexpr int max_events = 128;
  static constexpr unsigned generation_shift = 32;

  struct watched_socket {
    connection* of = nullptr;
    std::uint32_t events = 0;
    /// Tells it from an earlier socket with the same number.
    std::uint32_t generation = 0;
  };

  /// With the executor's type: an executor of any type costs some hundred instructions a wait.
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> epoll_;
  /// By the socket's number; numbers are small and reused.
  std::vector<watched_socket> sockets_;
};

} // namespace nekod::http
