#pragma once

#include "http/client/h1/event_poll.hpp"
#include "http/client/h1/moved.hpp"
#include "http/client/h1/tls_layer.hpp"

#include <netinet/in.h>
#include <sys/uio.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace nekod::http {

class h1_job;

/// The address of a server, IPv4 or IPv6, with its port.
union socket_address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

/// A connection to an upstream, over TCP or TLS: connects to the first of several addresses that
/// answers, then sends and receives without blocking. Used on its loop's thread. It is counted
/// while it has a socket.
class connection {
public:
  using clock = std::chrono::steady_clock;

  enum class progress : std::uint8_t {
    waiting,
    connected,
    /// No address answers.
    failed,
    /// TLS failed, or the server's certificate is not trusted.
    untrusted,
  };

  /// @param poll Must outlive the connection.
  /// @param count Counts sockets; must outlive the connection.
  /// @param origin Host and port, by which it is pooled.
  connection(event_poll& poll, std::atomic<std::size_t>& count, std::string origin);
  ~connection();

  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  const std::string& origin() const noexcept { return origin_; }

  /// The job that uses it; null while it is idle.
  h1_job* user() const noexcept { return user_; }
  void used_by(h1_job* job) noexcept { user_ = job; }

  // Until it is connected:

  /// It is to use TLS.
  /// @param shared Must outlive the connection.
  void secure(tls_client& shared, const std::string& host) {
    tls_ = std::make_unique<tls_layer>(shared, host, origin_);
  }

  /// Connects to the addresses in order. All but the last get half of the time that is left.
  /// @param until When the last one must have answered.
  progress connect(std::vector<socket_address> addresses, clock::time_point now,
                   clock::time_point until);

  /// The socket is ready.
  progress on_ready(clock::time_point now);

  /// The time for the current address is over.
  progress on_late(clock::time_point now);

  /// When `on_late` is to be called.
  clock::time_point attempt_ends() const noexcept { return attempt_ends_; }

  // Afterwards:

  /// Waits for bytes if *to_read*, for room if *to_write*.
  void wait(bool to_read, bool to_write);

  moved receive(char* to, std::size_t room);

  /// Whether bytes gather: the socket shows some only once they are many, or the server has closed
  /// it. `receive` takes them at any time. Over TLS, these are bytes of records.
  void gather(bool on);

  /// Whether there is more to receive than the socket shows.
  bool has_more() const noexcept { return tls_ && tls_->has_more(); }

  /// @param pieces Not empty. Over TLS, pieces that could not be sent must be given again.
  moved send(const iovec* pieces, std::size_t count);

  /// Whether the server has closed the connection, or sent something that nobody asked for.
  bool is_stale();

  /// Whether a response has ended on it.
  bool was_used() const noexcept { return was_used_; }
  void now_used() noexcept { was_used_ = true; }

  /// When an idle connection is not to be used any more.
  clock::time_point idle_until() const noexcept { return idle_until_; }
  void idle_until(clock::time_point t) noexcept { idle_until_ = t; }

private:
  progress try_next(clock::time_point now);
  progress on_connected();
  progress shake_hands();
  bool open_socket(const socket_address& address);
  void close_socket();

  event_poll& poll_;
  std::atomic<std::size_t>& count_;
  const std::string origin_;
  h1_job* user_ = nullptr;
  int socket_ = -1;
  /// Null for plain TCP.
  std::unique_ptr<tls_layer> tls_;
  bool is_shaking_hands_ = false;
  bool was_used_ = false;
  bool gathers_ = false;
  std::vector<socket_address> addresses_;
  std::size_t next_ = 0;
  clock::time_point attempt_ends_ = clock::time_point::max();
  clock::time_point connect_until_;
  clock::time_point idle_until_;
};

} // namespace nekod::http
