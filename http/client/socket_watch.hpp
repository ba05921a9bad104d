#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <vector>

namespace nekod::http {

/// Tells an epoll instance which sockets libcurl waits for, with as few system calls as will do.
///
/// A pooled connection is waited for by each transfer anew. So a socket that nobody waits for any
/// more stays in the epoll instance until something happens to it, or somebody waits for it again.
/// Only sockets that were opened and closed before its eyes are kept so; of others it does not hear
/// when they close.
class socket_watch {
public:
  /// @param epoll The instance; belongs to the caller.
  explicit socket_watch(int epoll) : epoll_(epoll) {}

  void opened(int socket);
  void closed(int socket);

  /// From here on *events* are waited for: `EPOLLIN`, `EPOLLOUT`, both, or 0 for none.
  void wait_for(int socket, std::uint32_t events);

  /// Whether somebody waits for a socket that an event came for. If not, it is taken out.
  bool is_wanted(int socket);

private:
  struct state {
    /// What is waited for.
    std::uint32_t wanted = 0;
    /// What the epoll instance knows.
    std::uint32_t known = 0;
    bool may_stay = false;
  };

  state& state_of(int socket);
  void tell(int socket, state& s, std::uint32_t events) const;

  int epoll_;
  /// By the socket's number, which is small and used again.
  std::vector<state> sockets_;
};

} // namespace nekod::http
