#include "http/client/h1/event_poll.hpp"

#include <cerrno>
#include <system_error>

namespace nekod::http {

namespace {

int make_instance() {
  const auto fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0)
    throw std::system_error{errno, std::generic_category(), "epoll_create1"};
  return fd;
}

} // namespace

event_poll::event_poll(asio::io_context& loop) : epoll_(loop, make_instance()) {}

void event_poll::wait_for(int socket, connection& of, std::uint32_t events) {
  const auto index = static_cast<std::size_t>(socket);
  if (index >= sockets_.size())
    sockets_.resize(index + 1);
  auto& watched = sockets_[index];
  watched.of = &of;
  if (watched.events == events)
    return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = static_cast<std::uint64_t>(watched.generation) << generation_shift | index;
  const auto what = events == 0           ? EPOLL_CTL_DEL
                    : watched.events == 0 ? EPOLL_CTL_ADD
                                          : EPOLL_CTL_MOD;
  epoll_ctl(epoll_.native_handle(), what, socket, &event);
  watched.events = events;
}

/// Closing a socket takes it out of the instance.
void event_poll::forget(int socket) {
  const auto index = static_cast<std::size_t>(socket);
  if (index >= sockets_.size())
    return;
  auto& watched = sockets_[index];
  watched = {nullptr, 0, watched.generation + 1};
}

void event_poll::stop() {
  asio::error_code ignored;
  epoll_.close(ignored);
}

} // namespace nekod::http
