#include "http/client/h1/connection.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace nekod::http {

namespace {

/// Bytes that do not gather any longer. Half of what one read takes, and less than what the system
/// keeps for a socket anyway.
constexpr int many_bytes = 32 << 10;

socklen_t size_of(const socket_address& address) noexcept {
  return address.any.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

moved result_of(ssize_t n) noexcept {
  using how = moved::how;
  if (n > 0)
    return {how::some, static_cast<std::size_t>(n)};
  if (n == 0)
    return {how::over, 0};
  const auto again = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return {again ? how::nothing : how::broken, 0};
}

} // namespace

connection::connection(event_poll& poll, std::atomic<std::size_t>& count, std::string origin)
    : poll_(poll), count_(count), origin_(std::move(origin)) {}

connection::~connection() { close_socket(); }

// -- connecting ----------------------------------------------------------------------------------

connection::progress connection::connect(std::vector<socket_address> addresses,
                                         clock::time_point now, clock::time_point until) {
  addresses_ = std::move(addresses);
  next_ = 0;
  connect_until_ = until;
  return try_next(now);
}

connection::progress connection::try_next(clock::time_point now) {
  while (next_ < addresses_.size()) {
    const auto& address = addresses_[next_++];
    const auto is_last = next_ == addresses_.size();
    attempt_ends_ = is_last ? clock::time_point::max() : now + (connect_until_ - now) / 2;
    if (!open_socket(address))
      continue;
    if (::connect(socket_, &address.any, size_of(address)) == 0)
      return on_connected();
    if (errno == EINPROGRESS) {
      wait(false, true);
      return progress::waiting;
    }
  }
  close_socket();
  return progress::failed;
}

bool connection::open_socket(const socket_address& address) {
  close_socket();
  socket_ = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
  if (socket_ < 0)
    return false;
  ++count_;
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return true;
}

void connection::close_socket() {
  if (socket_ < 0)
    return;
  if (tls_)
    tls_->end();
  poll_.forget(socket_);
  close(std::exchange(socket_, -1));
  --count_;
}

connection::progress connection::on_ready(clock::time_point now) {
  if (is_shaking_hands_)
    return shake_hands();
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
    return try_next(now);
  return on_connected();
}

connection::progress connection::on_connected() {
  attempt_ends_ = clock::time_point::max();
  return tls_ ? shake_hands() : progress::connected;
}

connection::progress connection::shake_hands() {
  using handshake = tls_layer::handshake;
  is_shaking_hands_ = true;
  const auto result = tls_->shake_hands(socket_);
  if (result == handshake::done)
    return progress::connected;
  if (result == handshake::failed)
    return progress::untrusted;
  wait(result == handshake::needs_bytes, result == handshake::needs_room);
  return progress::waiting;
}

connection::progress connection::on_late(clock::time_point now) { return try_next(now); }

// -- connected -----------------------------------------------------------------------------------

void connection::wait(bool to_read, bool to_write) {
  poll_.wait_for(socket_, *this,
                 (to_read ? std::uint32_t{EPOLLIN} : 0) | (to_write ? std::uint32_t{EPOLLOUT} : 0));
}

moved connection::receive(char* to, std::size_t room) {
  if (tls_)
    return tls_->receive(to, room);
  return result_of(recv(socket_, to, room, MSG_DONTWAIT));
}

void connection::gather(bool on) {
  if (gathers_ == on)
    return;
  const int least = on ? many_bytes : 1;
  gathers_ = setsockopt(socket_, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least) == 0 && on;
}

moved connection::send(const iovec* pieces, std::size_t count) {
  if (tls_)
    return tls_->send(pieces, count);
  msghdr message{};
  // The interface of the system does not know that it only reads them.
  message.msg_iov = const_cast<iovec*>(pieces);
  message.msg_iovlen = count;
  return result_of(sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

bool connection::is_stale() {
  if (tls_)
    return tls_->is_stale();
  char byte = 0;
  return recv(socket_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0 ||
         (errno != EAGAIN && errno != EWOULDBLOCK);
}

} // namespace nekod::http
