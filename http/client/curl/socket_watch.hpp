#pragma once

#include <sys/epoll.h>
#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace nekod::http {

/// Keeps an epoll instance up to date with the sockets that libcurl waits for, with as few system
/// calls as possible.
///
/// Each transfer waits for its pooled connection again. So a socket that nobody waits for any more
/// stays in the epoll instance, for reading, until an event arrives or somebody waits for it again.
/// This is done only for sockets whose opening was seen here. libcurl reports when it closes a
/// socket, but libcurl 7.88 does not if its connection was never established.
class socket_watch {
public:
  /// @param epoll The instance; belongs to the caller.
  explicit socket_watch(int epoll) : epoll_(epoll) {}

  /// A socket was created. Anything known under its number belongs to another one, which has
  /// closed.
  /// @returns whether that closing was not reported.
  bool opened(int socket);

  void closed(int socket);

  /// Whether a socket has closed without a report.
  bool closed_unseen(int socket);

  /// Waits for *events* from here on: `EPOLLIN`, `EPOLLOUT`, both, or 0 for none.
  void wait_for(int socket, std::uint32_t events);

  /// Whether somebody waits for a socket with an event. If not, the socket is removed.
  bool is_wanted(int socket);

  /// The peer of this socket may send unasked, as in HTTP/2.
  void may_speak(int socket) { state_of(socket).may_speak = true; }

  /// Whether nothing may arrive while nobody waits: true if we saw the socket open, it is still
  /// open, and the peer may not send unasked.
  bool is_to_be_silent(int socket) {
    const auto& s = state_of(socket);
    return s.may_stay && !s.may_speak;
  }

private:
  struct state {
    /// The events that are waited for.
    std::uint32_t wanted = 0;
    /// The events that the epoll instance watches.
    std::uint32_t known = 0;
    bool may_stay = false;
    bool may_speak = false;
    /// Distinguishes it from another socket with the same number.
    ino_t inode = 0;
  };

  state& state_of(int socket);
  void tell(int socket, state& s, std::uint32_t events) const;

  int epoll_;
  /// By the socket's number; numbers are small and reused.
  std::vector<state> sockets_;
};

} // namespace nekod::http
