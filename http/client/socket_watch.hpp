#pragma once

#include <sys/epoll.h>
#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace nekod::http {

/// Tells an epoll instance which sockets libcurl waits for, with as few system calls as will do.
///
/// A pooled connection is waited for by each transfer anew. So a socket that nobody waits for any
/// more stays in the epoll instance, to be read, until something happens to it, or somebody waits
/// for it again.
/// Only sockets that were opened before its eyes are kept so. libcurl tells when it closes one, but
/// not (7.88) where its connection was not made yet.
class socket_watch {
public:
  /// @param epoll The instance; belongs to the caller.
  explicit socket_watch(int epoll) : epoll_(epoll) {}

  /// A socket was made. What was known of its number is of another one, which has closed.
  /// @returns whether nobody told of that.
  bool opened(int socket);

  void closed(int socket);

  /// Whether a socket that was opened has closed, and nobody told of it until now.
  bool closed_unseen(int socket);

  /// From here on *events* are waited for: `EPOLLIN`, `EPOLLOUT`, both, or 0 for none.
  void wait_for(int socket, std::uint32_t events);

  /// Whether somebody waits for a socket that an event came for. If not, it is taken out.
  bool is_wanted(int socket);

  /// Over this one the peer may say something unasked, as in HTTP/2.
  void may_speak(int socket) { state_of(socket).may_speak = true; }

  /// Whether nothing may come over a socket that nobody waits for: it was opened before its eyes,
  /// has not closed, and is none that may speak.
  bool is_to_be_silent(int socket) {
    const auto& s = state_of(socket);
    return s.may_stay && !s.may_speak;
  }

private:
  struct state {
    /// What is waited for.
    std::uint32_t wanted = 0;
    /// What the epoll instance knows.
    std::uint32_t known = 0;
    bool may_stay = false;
    bool may_speak = false;
    /// What tells it from another socket of that number.
    ino_t inode = 0;
  };

  state& state_of(int socket);
  void tell(int socket, state& s, std::uint32_t events) const;

  int epoll_;
  /// By the socket's number, which is small and used again.
  std::vector<state> sockets_;
};

} // namespace nekod::http
