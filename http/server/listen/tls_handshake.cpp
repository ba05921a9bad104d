#include "http/server/listen/tls_handshake.hpp"

#include <asio/post.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace nekod::http {

namespace {

/// RFC 8446, section 5.1: a byte of kind, two of version, two of length.
constexpr std::size_t record_head = 5;
constexpr unsigned char handshake_record = 22;
/// Before it is encrypted.
constexpr std::size_t longest_record = 1u << 14;

/// Makes the socket readable once that many bytes have arrived, or the client has closed.
void wake_at(asio::ip::tcp::socket& socket, std::size_t bytes) {
  asio::error_code ignored;
  socket.set_option(asio::socket_base::receive_low_watermark{static_cast<int>(bytes)}, ignored);
}

} // namespace

tls_handshake::tls_handshake(asio::io_context& loop, asio::ip::tcp::socket& socket,
                             std::shared_ptr<listener> l)
    : strand_(loop.get_executor()),
      deadline_(loop, l->handshake_timeout),
      socket_(socket),
      from_(std::move(l)) {}

tls_handshake::~tls_handshake() { from_->handshakes.leave(place_); }

void tls_handshake::limit() {
  place_ = from_->handshakes.enter([weak = weak_from_this(), strand = strand_] {
    asio::post(strand, [weak] {
      if (auto self = weak.lock())
        self->close();
    });
  });
  deadline_.async_wait(asio::bind_executor(
      strand_, [self = shared_from_this()](const asio::error_code&) { self->close(); }));
}

void tls_handshake::close() {
  asio::error_code ignored;
  if (!ended_)
    socket_.close(ignored);
}

std::size_t tls_handshake::lacking() {
  std::array<unsigned char, record_head> head{};
  auto size = recv(socket_.native_handle(), head.data(), head.size(), MSG_PEEK | MSG_DONTWAIT);
  auto wanted = std::size_t{0};
  if (size > 0 && head[0] == handshake_record) {
    auto length = static_cast<std::size_t>(head[3]) << 8 | head[4];
    wanted = static_cast<std::size_t>(size) < record_head
                 ? record_head
                 : record_head + std::min(length, longest_record);
  }
  asio::error_code ec;
  // A client that has closed sends no more: bytes that are missing after waiting for them never
  // come.
  if (wanted <= awaited_ || socket_.available(ec) >= wanted) {
    wake_at(socket_, 1);
    return 0;
  }
  awaited_ = wanted;
  wake_at(socket_, wanted);
  return wanted;
}

} // namespace nekod::http
