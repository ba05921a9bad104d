#pragma once

#include "http/client/h1/event_poll.hpp"

#include <netinet/in.h>
#include <sys/uio.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
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

/// A plain TCP connection to an upstream: connects to the first of several addresses that answers,
/// then sends and receives without blocking. Used on its loop's thread. It is counted while it has
/// a socket.
class connection {
public:
  using clock = std::chrono::steady_clock;

  enum class progress : std::uint8_t { waiting, connected, failed };

  /// The result of a system call: bytes, or that nothing can be moved now, or the end.
  struct moved {
    enum class how : std::uint8_t { some, nothing, over, broken };
    how what = how::nothing;
    std::size_t size = 0;
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

  /// Connects to the addresses in order. All but the last get half of the time that is left.
  /// @param until When the last one must have answered.
  progress connect(std::vector<socket_address> addresses, clock::time_point now,
                   clock::time_point until);

  /// The socket is ready.
  progress on_writable(clock::time_point now);

  /// The time for the current address is over.
  progress on_late(clock::time_point now);

  /// When `on_late` is to be called.
  clock::time_point attempt_ends() const noexcept { return attempt_ends_; }

  // Afterwards:

  /// Waits for bytes if *to_read*, for room if *to_write*.
  void wait(bool to_read, bool to_write);

  moved receive(char* to, std::size_t room);
  /// @param pieces Not empty.
  moved send(const iovec* pieces, std::size_t count);

  /// Whether the server has closed the connection, or sent something that nobody asked for.
  bool is_stale() const;

  /// Whether a response has ended on it.
  bool was_used() const noexcept { return was_used_; }
  void now_used() noexcept { was_used_ = true; }

  /// When an idle connection is not to be used any more.
  clock::time_point idle_until() const noexcept { return idle_until_; }
  void idle_until(clock::time_point t) noexcept { idle_until_ = t; }

private:
  progress try_next(clock::time_point now);
  bool open_socket(const socket_address& address);
  void close_socket();

  event_poll& poll_;
  std::atomic<std::size_t>& count_;
  std::string origin_;
  h1_job* user_ = nullptr;
  int socket_ = -1;
  bool was_used_ = false;
  std::vector<socket_address> addresses_;
  std::size_t next_ = 0;
  clock::time_point attempt_ends_ = clock::time_point::max();
  clock::time_point connect_until_;
  clock::time_point idle_until_;
};

} // namespace nekod::http
