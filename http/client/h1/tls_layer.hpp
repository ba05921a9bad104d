#pragma once

#include "http/client/h1/moved.hpp"
#include "http/client/h1/tls_client.hpp"

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace nekod::http {

/// TLS over the socket of a connection, without blocking. Only a `close_notify` of the server is
/// the end of its bytes; a socket that ends without one is broken (RFC 9112, section 9.8). OpenSSL
/// writes to the socket in a way that may raise SIGPIPE, so the program has to ignore that. Used on
/// its loop's thread.
class tls_layer {
public:
  enum class handshake : std::uint8_t { done, needs_bytes, needs_room, failed };

  /// @param shared Must outlive the layer.
  /// @param origin Must outlive the layer.
  tls_layer(tls_client& shared, const std::string& host, const std::string& origin);

  tls_layer(const tls_layer&) = delete;
  tls_layer& operator=(const tls_layer&) = delete;

  /// Begins, or goes on, to shake hands.
  /// @param socket The connected socket; it stays the caller's.
  handshake shake_hands(int socket);

  // Once hands were shaken:

  moved receive(char* to, std::size_t room);

  /// Whether the last `receive` left something to be received that the socket does not show.
  bool has_more() const noexcept { return has_more_; }

  /// @param pieces Not empty. As long as they cannot be sent, the same bytes must be given again.
  moved send(const iovec* pieces, std::size_t count);

  /// Whether anything came that nobody asked for, or the connection has ended.
  bool is_stale();

  /// The socket is about to be closed: says so, if the system takes that at once.
  void end();

private:
  moved::how result_of(int code);

  tls_client& shared_;
  const std::string& origin_;
  std::unique_ptr<ssl_st, ssl_deleter> tls_;
  bool is_established_ = false;
  bool is_broken_ = false;
  bool has_more_ = false;
};

} // namespace nekod::http
