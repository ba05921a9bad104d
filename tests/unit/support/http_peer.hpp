#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

/// The other end of HTTP connections, which says what a test tells it to say.
namespace nekod::test {

/// A socket that waits five seconds at most.
class waiting_socket {
public:
  explicit waiting_socket(int fd) : fd_(fd) {
    const timeval patience{5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  waiting_socket(waiting_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  waiting_socket& operator=(waiting_socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~waiting_socket() { close(); }

  int fd() const noexcept { return fd_; }

  void close() {
    if (fd_ >= 0)
      ::close(std::exchange(fd_, -1));
  }

private:
  int fd_;
};

/// One connection of a client.
class http_peer {
public:
  explicit http_peer(int fd) : socket_(fd) {}

  /// The next request, with a body of the length that its head says; what came of it if the
  /// client closed.
  std::string request() {
    std::size_t whole = std::string::npos;
    while (text_.size() < whole) {
      const auto end = text_.find("\r\n\r\n");
      if (end != text_.npos) {
        const auto length = text_.find("Content-Length: ");
        whole = end + 4 + (length < end ? std::stoul(text_.substr(length + 16)) : 0);
        if (text_.size() >= whole)
          break;
      }
      if (!read())
        return std::exchange(text_, {});
    }
    auto result = text_.substr(0, whole);
    text_.erase(0, whole);
    return result;
  }

  /// Reads until *end* has come; returns all.
  std::string until(std::string_view end) {
    while (text_.find(end) == text_.npos && read()) {
    }
    return std::exchange(text_, {});
  }

  /// Whether the client closes the connection without another byte.
  bool is_closed_by_client() { return !read() && text_.empty() && !timed_out_; }

  void say(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0)
        return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  void close() { socket_.close(); }

private:
  bool read() {
    char buffer[4096];
    const auto n = recv(socket_.fd(), buffer, sizeof buffer, 0);
    timed_out_ = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (n <= 0)
      return false;
    text_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }

  waiting_socket socket_;
  std::string text_;
  bool timed_out_ = false;
};

/// A port of IPv4 on which such connections arrive.
class http_port {
public:
  http_port() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(bind(socket_.fd(), any, size) == 0);
    REQUIRE(listen(socket_.fd(), 16) == 0);
    REQUIRE(getsockname(socket_.fd(), any, &size) == 0);
    port_ = ntohs(address.sin_port);
  }

  std::uint16_t number() const noexcept { return port_; }

  std::string url(std::string_view path = "/x") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string{path};
  }

  http_peer accept() {
    const auto fd = ::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    REQUIRE(fd >= 0);
    return http_peer{fd};
  }

  void close() { socket_.close(); }

private:
  waiting_socket socket_;
  std::uint16_t port_ = 0;
};

} // namespace nekod::test
