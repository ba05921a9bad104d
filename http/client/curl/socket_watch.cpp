#include "http/client/curl/socket_watch.hpp"

#include <sys/stat.h>

#include <cstddef>

namespace nekod::http {

namespace {

/// 0 if no socket has that number.
ino_t inode_of(int socket) {
  struct stat about {};
  return fstat(socket, &about) == 0 ? about.st_ino : 0;
}

} // namespace

bool socket_watch::opened(int socket) {
  auto& s = state_of(socket);
  auto unseen = s.may_stay;
  s = {};
  s.may_stay = true;
  s.inode = inode_of(socket);
  return unseen;
}

void socket_watch::closed(int socket) { state_of(socket) = {}; }

bool socket_watch::closed_unseen(int socket) {
  auto& s = state_of(socket);
  if (!s.may_stay || inode_of(socket) == s.inode)
    return false;
  s = {};
  return true;
}

void socket_watch::wait_for(int socket, std::uint32_t events) {
  auto& s = state_of(socket);
  s.wanted = events;
  // An idle socket can stay watched for reading, since its peer sends nothing; a watch for writing
  // would fire at once.
  auto known = events == 0 && s.may_stay && s.known != 0 ? std::uint32_t{EPOLLIN} : events;
  if (known != s.known)
    tell(socket, s, known);
}

bool socket_watch::is_wanted(int socket) {
  auto& s = state_of(socket);
  if (s.wanted != 0)
    return true;
  tell(socket, s, 0);
  return false;
}

socket_watch::state& socket_watch::state_of(int socket) {
  auto index = static_cast<std::size_t>(socket);
  if (index >= sockets_.size())
    sockets_.resize(index + 1);
  return sockets_[index];
}

void socket_watch::tell(int socket, state& s, std::uint32_t events) const {
  epoll_event event{};
  event.data.fd = socket;
  event.events = events;
  auto what = events == 0 ? EPOLL_CTL_DEL : s.known == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  epoll_ctl(epoll_, what, socket, &event);
  s.known = events;
}

} // namespace nekod::http
