#include "http/client/curl/curl_sockets.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace nekod::http {

namespace {

int make_epoll() {
  auto fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0)
    throw std::system_error{errno, std::generic_category(), "epoll_create1"};
  return fd;
}

} // namespace

curl_sockets::curl_sockets(asio::io_context& loop)
    : epoll_(loop, make_epoll()), watch_(epoll_.native_handle()) {}

void curl_sockets::provide_for(CURL* easy, opened& of) {
  of.by = this;
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &curl_sockets::open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &of);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &curl_sockets::close_socket);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
}

/// As libcurl would do it itself, and counted.
curl_socket_t curl_sockets::open_socket(void* of, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<opened*>(of);
  auto& self = *transfer.by;
  auto fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0)
    return fd;
  if (!self.watch_.opened(fd))
    ++self.connections_;
  transfer.sockets.push_back(fd);
  return fd;
}

int curl_sockets::close_socket(void* self, curl_socket_t socket) {
  auto& sockets = *static_cast<curl_sockets*>(self);
  --sockets.connections_;
  sockets.watch_.closed(socket);
  return close(socket);
}

void curl_sockets::settle(const opened& of) {
  for (auto socket : of.sockets)
    if (watch_.closed_unseen(socket))
      --connections_;
}

void curl_sockets::wait_for(curl_socket_t socket, int what) {
  std::uint32_t events = 0;
  if (what != CURL_POLL_REMOVE && (what & CURL_POLL_IN) != 0)
    events |= EPOLLIN;
  if (what != CURL_POLL_REMOVE && (what & CURL_POLL_OUT) != 0)
    events |= EPOLLOUT;
  watch_.wait_for(socket, events);
}

int curl_sockets::bits_of(const epoll_event& event) noexcept {
  int bits = 0;
  if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)) != 0)
    bits |= CURL_CSELECT_IN;
  if ((event.events & EPOLLOUT) != 0)
    bits |= CURL_CSELECT_OUT;
  if ((event.events & EPOLLERR) != 0)
    bits |= CURL_CSELECT_ERR;
  return bits;
}

void curl_sockets::cut(curl_socket_t socket) {
  // As long as there is something to be read, libcurl takes a TLS connection for alive.
  std::array<char, 16 << 10> unread;
  while (recv(socket, unread.data(), unread.size(), MSG_DONTWAIT) > 0) {
  }
  shutdown(socket, SHUT_RDWR);
}

void curl_sockets::stop() {
  asio::error_code ignored;
  epoll_.close(ignored);
  watch_ = socket_watch{-1};
}

} // namespace nekod::http
