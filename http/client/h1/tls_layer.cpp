#include "http/client/h1/tls_layer.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>

namespace nekod::http {

namespace {

/// The most bytes of a record (RFC 8446, section 5.1).
constexpr std::size_t record_size = 16u << 10;

} // namespace

tls_layer::tls_layer(tls_client& shared, const std::string& host, const std::string& origin)
    : shared_(shared), origin_(origin), tls_(shared.connect(host, origin)) {}

tls_layer::handshake tls_layer::shake_hands(int socket) {
  if (!tls_ || (SSL_get_fd(tls_.get()) != socket && SSL_set_fd(tls_.get(), socket) != 1))
    return handshake::failed;
  ERR_clear_error();
  const auto code = SSL_do_handshake(tls_.get());
  is_established_ = code == 1;
  if (is_established_)
    return handshake::done;
  switch (SSL_get_error(tls_.get(), code)) {
  case SSL_ERROR_WANT_READ:
    return handshake::needs_bytes;
  case SSL_ERROR_WANT_WRITE:
    return handshake::needs_room;
  default:
    shared_.forget(origin_);
    return handshake::failed;
  }
}

/// The meaning of a call's *code* that is no success.
moved::how tls_layer::result_of(int code) {
  switch (SSL_get_error(tls_.get(), code)) {
  case SSL_ERROR_WANT_READ:
  case SSL_ERROR_WANT_WRITE:
    return moved::how::nothing;
  case SSL_ERROR_ZERO_RETURN:
    return moved::how::over;
  default:
    is_broken_ = true;
    return moved::how::broken;
  }
}

/// Takes as many records as have come, since none of what OpenSSL has read makes the socket ready.
moved tls_layer::receive(char* to, std::size_t room) {
  std::size_t size = 0;
  has_more_ = false;
  while (size < room) {
    std::size_t n = 0;
    ERR_clear_error();
    const auto code = SSL_read_ex(tls_.get(), to + size, room - size, &n);
    if (code != 1) {
      const auto how = result_of(code);
      if (size == 0)
        return {how, 0};
      // An end is met again by the next call.
      has_more_ = how != moved::how::nothing;
      break;
    }
    size += n;
    has_more_ = SSL_has_pending(tls_.get()) == 1;
    if (!has_more_)
      break;
  }
  return {moved::how::some, size};
}

/// In records as long as they may be, of all pieces together.
moved tls_layer::send(const iovec* pieces, std::size_t count) {
  std::array<char, record_size> text;
  std::size_t size = 0;
  for (std::size_t i = 0; i < count && size < text.size(); ++i) {
    const auto n = std::min(pieces[i].iov_len, text.size() - size);
    std::copy_n(static_cast<const char*>(pieces[i].iov_base), n, text.data() + size);
    size += n;
  }
  std::size_t sent = 0;
  ERR_clear_error();
  const auto code = SSL_write_ex(tls_.get(), text.data(), size, &sent);
  if (code == 1)
    return {moved::how::some, sent};
  const auto how = result_of(code);
  return {how == moved::how::over ? moved::how::broken : how, 0};
}

/// Tickets of sessions may come at any time.
bool tls_layer::is_stale() {
  char byte = 0;
  std::size_t n = 0;
  ERR_clear_error();
  const auto code = SSL_peek_ex(tls_.get(), &byte, 1, &n);
  return code == 1 || result_of(code) != moved::how::nothing;
}

void tls_layer::end() {
  if (!is_established_ || is_broken_)
    return;
  ERR_clear_error();
  SSL_shutdown(tls_.get());
  ERR_clear_error();
}

} // namespace nekod::http
