#pragma once

#include "http/client/curl/socket_watch.hpp"

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <curl/curl.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <utility>
#include <vector>

namespace nekod::http {

/// The sockets of a lane: opens and closes them for libcurl, counts them, and watches them.
///
/// They are watched by an epoll instance of their own, of which the loop sees one descriptor: a
/// wait in the loop then costs one system call for all sockets that are ready, not one each. To be
/// used on the lane's strand, except `open_connections`.
class curl_sockets {
public:
  /// The sockets that were opened for one transfer.
  struct opened {
    curl_sockets* by = nullptr;
    std::vector<int> sockets;
  };

  /// @throws std::system_error if there is no descriptor for the epoll instance.
  explicit curl_sockets(asio::io_context& loop);

  curl_sockets(const curl_sockets&) = delete;
  curl_sockets& operator=(const curl_sockets&) = delete;

  /// Makes libcurl open and close the sockets of a transfer here.
  /// @param of Lists those that are opened; must outlive the transfer.
  void provide_for(CURL* easy, opened& of);

  /// The transfer has been removed from libcurl, which does not report the closing of a socket that
  /// was never connected: counts these.
  void settle(const opened& of);

  /// Watches a socket from here on.
  /// @param what One of libcurl's `CURL_POLL` values.
  void wait_for(curl_socket_t socket, int what);

  /// Calls *f* with an error code once a socket is ready, as Asio does.
  template <class Handler>
  void async_wait(Handler f) {
    epoll_.async_wait(asio::posix::stream_descriptor::wait_read, std::move(f));
  }

  /// Looks for sockets that are ready. Either function may open and close sockets.
  /// @param act Called with each socket that libcurl waits for, and libcurl's `CURL_CSELECT` bits.
  /// @param is_unwanted Called with each socket that libcurl does not wait for.
  template <class Act, class IsUnwanted>
  void serve(Act act, IsUnwanted is_unwanted) {
    std::array<epoll_event, max_events> events;
    const auto n = epoll_wait(epoll_.native_handle(), events.data(), max_events, 0);
    for (int i = 0; i < n; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      if (watch_.is_wanted(event.data.fd))
        act(event.data.fd, bits_of(event));
      else
        is_unwanted(event.data.fd);
    }
  }

  /// The peer of this socket may send unasked, as in HTTP/2.
  void may_speak(curl_socket_t socket) { watch_.may_speak(socket); }

  /// Whether nothing may arrive on this socket while nobody waits for it.
  bool is_to_be_silent(curl_socket_t socket) { return watch_.is_to_be_silent(socket); }

  /// Cuts a connection, in a way that libcurl sees before it uses the connection again.
  static void cut(curl_socket_t socket);

  /// Stops watching, for good.
  void stop();

  /// On any thread.
  std::size_t open_connections() const noexcept { return connections_; }

private:
  /// The most sockets that are served after one wait.
  static constexpr int max_events = 128;

  static curl_socket_t open_socket(void* of, curlsocktype purpose, curl_sockaddr* address);
  static int close_socket(void* self, curl_socket_t socket);
  static int bits_of(const epoll_event& event) noexcept;

  std::atomic<std::size_t> connections_{0};
  asio::posix::stream_descriptor epoll_;
  socket_watch watch_;
};

} // namespace nekod::http
