#pragma once

#include "http/server/listen/listener.hpp"
#include "http/server/listen/tls_handshake.hpp"

#include <asio/bind_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl.hpp>
#include <asio/write.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace nekod::http {

/// The byte stream of a client's connection, plain or over TLS. Which one it is, is known once it
/// has been prepared. A plain connection that waits for bytes has no memory for them. From the call
/// of `prepare` on it must not be moved.
class client_stream {
public:
  explicit client_stream(asio::io_context& loop) : loop_(&loop), plain_(loop) {}

  asio::io_context& loop() const noexcept { return *loop_; }

  /// The socket below.
  asio::ip::tcp::socket& plain() noexcept { return plain_; }
  const asio::ip::tcp::socket& plain() const noexcept { return plain_; }

  bool is_encrypted() const noexcept { return tls_ != nullptr; }

  /// Runs the TLS handshake, if the listener has a certificate. Otherwise the stream is ready at
  /// once.
  /// @param f Called with an error code; keeps this object alive.
  template <class Handler>
  void prepare(const std::shared_ptr<listener>& from, Handler f) {
    context_ = from->tls(); // A TLS stream does not keep its context.
    if (!context_) {
      asio::error_code ec;
      plain_.non_blocking(true, ec);
      f(ec);
      return;
    }
    auto make_stream = [this]() -> tls_stream& {
      tls_ = std::make_unique<tls_part>(plain_, *context_);
      return tls_->stream;
    };
    std::make_shared<tls_handshake>(*loop_, plain_, from)
        ->start(std::move(make_stream), [this, f = std::move(f)](const asio::error_code& ec) {
          has_shaken_hands_ = !ec;
          f(ec);
        });
  }

  /// Reads some bytes.
  /// @param executor Runs both functions.
  /// @param take Called with the bytes, if there are any.
  /// @param f Called with an error code afterwards; without an error there may have been no bytes.
  template <class Executor, class Take, class Handler>
  void async_read(const Executor& executor, Take take, Handler f) {
    if (tls_) {
      auto read = [this, take = std::move(take), f = std::move(f)](const asio::error_code& ec,
                                                                   std::size_t size) mutable {
        take(std::string_view{tls_->arriving.data(), size});
        f(ec);
      };
      tls_->stream.async_read_some(asio::buffer(tls_->arriving),
                                   asio::bind_executor(executor, std::move(read)));
      return;
    }
    auto come = [this, take = std::move(take), f = std::move(f)](asio::error_code ec) mutable {
      if (!ec)
        read_plain(take, ec);
      f(ec);
    };
    plain_.async_wait(asio::socket_base::wait_read, asio::bind_executor(executor, std::move(come)));
  }

  /// Writes some bytes, as Asio's streams do.
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler f) {
    if (tls_)
      tls_->stream.async_write_some(buffers, std::move(f));
    else
      plain_.async_write_some(buffers, std::move(f));
  }

  /// Writes all bytes. *text* must live until *f* is called.
  template <class Handler>
  void async_write_all(std::string_view text, Handler f) {
    if (tls_)
      asio::async_write(tls_->stream, asio::buffer(text), std::move(f));
    else
      asio::async_write(plain_, asio::buffer(text), std::move(f));
  }

  /// Over TLS: tells the peer that this is the end, if the system accepts that at once.
  void end_tls() {
    if (!tls_ || !has_shaken_hands_)
      return;
    asio::error_code ignored;
    plain_.non_blocking(true, ignored);
    tls_->stream.shutdown(ignored);
  }

private:
  /// The most bytes that are read at once.
  using input = std::array<char, 16 << 10>;

  struct tls_part {
    tls_part(asio::ip::tcp::socket& socket, asio::ssl::context& context)
        : stream(socket, context) {}

    tls_stream stream;
    input arriving;
  };

  template <class Take>
  void read_plain(Take& take, asio::error_code& ec) {
    input arriving;
    const auto size = plain_.read_some(asio::buffer(arriving), ec);
    if (ec == asio::error::would_block || ec == asio::error::try_again)
      ec = {};
    take(std::string_view{arriving.data(), size});
  }

  asio::io_context* loop_;
  std::shared_ptr<asio::ssl::context> context_;
  asio::ip::tcp::socket plain_;
  std::unique_ptr<tls_part> tls_;
  bool has_shaken_hands_ = false;
};

} // namespace nekod::http
