#pragma once

#include "http/server/listen/listener.hpp"

#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>

namespace nekod::http {

using tls_stream = asio::ssl::stream<asio::ip::tcp::socket&>;

/// A client's handshake and its timer, which run on one strand. The memory for TLS is allocated
/// only once the client's first record has arrived: before that, a connection costs no more than a
/// plain one. Occupies a place in its listener's queue while it lives.
class tls_handshake : public std::enable_shared_from_this<tls_handshake> {
public:
  /// @param socket Must live until the handshake has ended.
  tls_handshake(asio::io_context& loop, asio::ip::tcp::socket& socket, std::shared_ptr<listener> l);
  ~tls_handshake();
  tls_handshake(const tls_handshake&) = delete;
  tls_handshake& operator=(const tls_handshake&) = delete;

  /// @param make_stream Called once the stream is needed; returns it.
  /// @param f Called once, with an error code; keeps socket and stream alive.
  template <class MakeStream, class Handler>
  void start(MakeStream make_stream, Handler f) {
    limit();
    await_record(std::move(make_stream), std::move(f));
  }

private:
  void limit();
  void close();

  /// The number of bytes that must arrive before the handshake can continue: the first record, as
  /// far as its header is known; 0 if it can continue now, even if it will fail.
  std::size_t lacking();

  template <class MakeStream, class Handler>
  void await_record(MakeStream make_stream, Handler f) {
    auto come = [self = shared_from_this(), make_stream = std::move(make_stream),
                 f = std::move(f)](const asio::error_code& ec) mutable {
      if (ec)
        self->end(ec, f);
      else if (self->lacking() > 0)
        self->await_record(std::move(make_stream), std::move(f));
      else
        self->shake_hands(make_stream(), std::move(f));
    };
    socket_.async_wait(asio::socket_base::wait_read, asio::bind_executor(strand_, std::move(come)));
  }

  template <class Handler>
  void shake_hands(tls_stream& stream, Handler f) {
    stream.async_handshake(
        asio::ssl::stream_base::server,
        asio::bind_executor(strand_,
                            [self = shared_from_this(), f = std::move(f)](
                                const asio::error_code& ec) mutable { self->end(ec, f); }));
  }

  template <class Handler>
  void end(const asio::error_code& ec, Handler& f) {
    ended_ = true;
    deadline_.cancel();
    f(ec);
  }

  asio::strand<asio::io_context::executor_type> strand_;
  asio::steady_timer deadline_;
  asio::ip::tcp::socket& socket_;
  std::shared_ptr<listener> from_;
  std::uint64_t place_ = 0;
  bool ended_ = false;
  /// The number of bytes that were waited for.
  std::size_t awaited_ = 1;
};

} // namespace nekod::http
