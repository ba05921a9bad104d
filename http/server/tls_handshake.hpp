#pragma once

#include "http/server/listener.hpp"

#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>

#include <memory>
#include <system_error>
#include <utility>

namespace nekod::http {

using tls_stream = asio::ssl::stream<asio::ip::tcp::socket&>;

/// A client's handshake, and the timer that limits it, which run on one strand. Counts as one of
/// its listener's as long as it lives.
class tls_handshake {
public:
  tls_handshake(asio::io_context& loop, std::shared_ptr<listener> l)
      : strand(loop.get_executor()), deadline(loop, l->handshake_timeout), from_(std::move(l)) {
    ++from_->handshakes;
  }
  ~tls_handshake() { --from_->handshakes; }
  tls_handshake(const tls_handshake&) = delete;
  tls_handshake& operator=(const tls_handshake&) = delete;

  asio::strand<asio::io_context::executor_type> strand;
  asio::steady_timer deadline;
  bool ended = false;

private:
  std::shared_ptr<listener> from_;
};

/// Serves the handshake of a new connection. One that takes longer than its listener allows is
/// closed; one too many at a time fails at once.
/// @param f Called with an error code; keeps *stream* alive.
template <class Handler>
void shake_hands(asio::io_context& loop, tls_stream& stream, const std::shared_ptr<listener>& from,
                 Handler f) {
  if (from->handshakes >= from->max_handshakes) {
    f(make_error_code(std::errc::too_many_files_open));
    return;
  }
  auto running = std::make_shared<tls_handshake>(loop, from);
  running->deadline.async_wait(
      asio::bind_executor(running->strand, [running, &stream](const asio::error_code&) {
        asio::error_code ignored;
        if (!running->ended)
          stream.next_layer().close(ignored);
      }));
  stream.async_handshake(
      asio::ssl::stream_base::server,
      asio::bind_executor(running->strand, [running, f = std::move(f)](const asio::error_code& ec) {
        running->ended = true;
        running->deadline.cancel();
        f(ec);
      }));
}

} // namespace nekod::http
