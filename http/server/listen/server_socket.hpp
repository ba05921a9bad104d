#pragma once

#include "http/server/listen/connection_table.hpp"
#include "http/server/listen/lingering.hpp"
#include "http/server/listen/listener.hpp"
#include "http/server/listen/tls_handshake.hpp"
#include "http/server/listen/write_watch.hpp"
#include "http/server/message/inbox.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <restinio/all.hpp>

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

/// The socket of a client's connection, plain or TLS, as a template argument for RESTinio.
///
/// RESTinio's own TLS socket waits for ever for a client's handshake, and keeps one certificate for
/// life. And its reader closes the connection where a request deserves an answer, reads bodies that
/// nobody wants, and loses count of pipelined requests. So requests are read here: RESTinio is
/// handed a token in place of each, and the server finds the request in the connection's inbox.
namespace nekod::http {

/// What RESTinio reads in place of each request.
inline constexpr std::string_view request_token = "GET / HTTP/1.1\r\n\r\n";

/// What is written where a client waits for it before it sends its body.
inline constexpr std::string_view continue_word = "HTTP/1.1 100 Continue\r\n\r\n";

/// As much of Asio's stream sockets as RESTinio uses.
class server_socket {
public:
  /// Of a known type: what each event of a connection goes through costs less than with the
  /// socket's own, which could be any.
  using executor_type = asio::io_context::executor_type;

  server_socket(asio::io_context& loop, std::shared_ptr<listener> from)
      : loop_(&loop),
        listener_(std::move(from)),
        plain_(loop),
        inbox_(std::make_shared<inbox>(listener_->reading)),
        watch_(std::make_shared<write_watch>(loop, listener_->write_timeout)) {}

  auto& lowest_layer() { return plain_.lowest_layer(); }
  const auto& lowest_layer() const { return plain_.lowest_layer(); }
  executor_type get_executor() { return loop_->get_executor(); }
  auto remote_endpoint() const { return plain_.remote_endpoint(); }
  bool is_open() const { return plain_.is_open(); }

  template <class... Arguments>
  void cancel(Arguments&&... arguments) {
    plain_.cancel(std::forward<Arguments>(arguments)...);
  }

  /// Over TLS the peer is told first that this is the end, if it takes that at once.
  template <class... Arguments>
  void shutdown(Arguments&&... arguments) {
    if (tls_ && prepared_) {
      asio::error_code ignored;
      plain_.non_blocking(true, ignored);
      tls_->stream.shutdown(ignored);
    }
    if (!inbox_->broken())
      plain_.shutdown(std::forward<Arguments>(arguments)...);
  }

  /// Where the client is still sending a request that was answered unread, its answer is to reach
  /// it.
  template <class... Arguments>
  void close(Arguments&&... arguments) {
    inbox_->wake = nullptr;
    inbox_->way_out.close();
    watch_->stop();
    if (!inbox_->broken() || !plain_.is_open()) {
      plain_.close(std::forward<Arguments>(arguments)...);
      return;
    }
    asio::error_code ec;
    auto protocol = plain_.local_endpoint(ec).protocol();
    auto native = plain_.release(ec);
    if (!ec)
      close_lingering(*loop_, asio::ip::tcp::socket{*loop_, protocol, native});
  }

  /// Reads one request, which is in the inbox then, and hands on a token.
  /// @param buffers Have room for the token.
  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& f) {
    asio::mutable_buffer into = *asio::buffer_sequence_begin(buffers);
    if (!inbox_->ready()) {
      read_on(into, std::forward<Handler>(f));
      return;
    }
    auto executor = asio::get_associated_executor(f);
    asio::post(asio::bind_executor(
        executor, [into, f = std::forward<Handler>(f)]() mutable { hand_on_token(into, f); }));
  }

  /// Plain bytes go out at once as far as the system takes them, which is nearly always: what an
  /// operation of Asio's costs is spent only where there is something to wait for.
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& f) {
    auto executor = asio::get_associated_executor(f);
    if (!tls_) {
      asio::error_code ec;
      auto size = plain_.write_some(buffers, ec);
      if (ec != asio::error::would_block && ec != asio::error::try_again) {
        asio::post(asio::bind_executor(
            executor, [ec, size, f = std::forward<Handler>(f)]() mutable { f(ec, size); }));
        return;
      }
    }
    watch_->begin(plain_, executor);
    auto written = [this, f = std::forward<Handler>(f)](const asio::error_code& ec,
                                                        std::size_t size) mutable {
      watch_->end();
      f(ec, size);
    };
    with_stream([&](auto& stream) {
      stream.async_write_some(buffers, asio::bind_executor(executor, std::move(written)));
    });
  }

  /// Makes the connection ready to be read: at once where it is plain, else after its handshake.
  /// From here on the socket must not be moved.
  /// @param f Called with an error code; keeps the socket alive.
  template <class Handler>
  void prepare(Handler f) {
    inbox_->wake = [this] {
      woken_ = true;
      asio::error_code ignored;
      plain_.cancel(ignored);
    };
    auto context = listener_->tls();
    if (!context) {
      asio::error_code ec;
      plain_.non_blocking(true, ec);
      inbox_->way_out.open(plain_.native_handle());
      f(ec);
      return;
    }
    context_ = std::move(context); // A stream does not keep its context.
    auto make_stream = [this]() -> tls_stream& {
      tls_ = std::make_unique<tls_part>(plain_, *context_);
      return tls_->stream;
    };
    std::make_shared<tls_handshake>(*loop_, plain_, listener_)
        ->start(std::move(make_stream), [this, f = std::move(f)](const asio::error_code& ec) {
          prepared_ = !ec;
          f(ec);
        });
  }

  /// Makes the connection known, as that of this number.
  void announce(restinio::connection_id_t connection, connection_table::strand on) {
    listener_->connections->announce(connection, inbox_, std::move(on));
  }

private:
  /// Bytes that are read at a time.
  using input = std::array<char, 16 << 10>;

  struct tls_part {
    tls_part(asio::ip::tcp::socket& socket, asio::ssl::context& context)
        : stream(socket, context) {}

    tls_stream stream;
    input arriving;
  };

  template <class Handler>
  static void hand_on_token(asio::mutable_buffer into, Handler& f) {
    std::memcpy(into.data(), request_token.data(), request_token.size());
    f(asio::error_code{}, request_token.size());
  }

  template <class Use>
  void with_stream(Use use) {
    if (tls_)
      use(tls_->stream);
    else
      use(plain_);
  }

  /// Reads until a request is ready. While one is answered it reads as well, so that the client's
  /// leaving shows: by the end of what it sends, or by a reset where that need not mean that it has
  /// left.
  template <class Handler>
  void read_on(asio::mutable_buffer into, Handler f) {
    auto executor = asio::get_associated_executor(f);
    if (inbox_->take_continue_debt()) {
      // Nothing else is being written: the request before it has been answered.
      auto sent = [this, into, f = std::move(f)](const asio::error_code& ec, std::size_t) mutable {
        arrived(ec, into, std::move(f));
      };
      with_stream([&](auto& stream) {
        asio::async_write(stream, asio::buffer(continue_word),
                          asio::bind_executor(executor, std::move(sent)));
      });
    } else if (half_closed_ || inbox_->full()) {
      wait_for_room(into, std::move(f));
    } else if (tls_) {
      auto read = [this, into, f = std::move(f)](const asio::error_code& ec,
                                                 std::size_t size) mutable {
        inbox_->take({tls_->arriving.data(), size});
        arrived(ec, into, std::move(f));
      };
      tls_->stream.async_read_some(asio::buffer(tls_->arriving),
                                   asio::bind_executor(executor, std::move(read)));
    } else {
      auto come = [this, into, f = std::move(f)](asio::error_code ec) mutable {
        if (!ec)
          take_plain(ec);
        arrived(ec, into, std::move(f));
      };
      plain_.async_wait(asio::socket_base::wait_read,
                        asio::bind_executor(executor, std::move(come)));
    }
  }

  /// A wait for room in the inbox.
  struct room_wait {
    asio::cancellation_signal stop;
    bool has_room = false;
    bool is_over = false;
  };

  /// Reads no more until there is room for it, or the connection breaks.
  template <class Handler>
  void wait_for_room(asio::mutable_buffer into, Handler f) {
    auto executor = asio::get_associated_executor(f);
    auto wait = std::make_shared<room_wait>();
    inbox_->waits_for_room([wait, executor] {
      asio::post(executor, [wait] {
        wait->has_room = true;
        if (!wait->is_over)
          wait->stop.emit(asio::cancellation_type::terminal);
      });
    });
    auto waited = [this, wait, into, f = std::move(f)](asio::error_code ec) mutable {
      wait->is_over = true;
      if (wait->has_room && ec == asio::error::operation_aborted)
        ec = {};
      else if (!ec)
        ec = asio::error::connection_reset;
      arrived(ec, into, std::move(f));
    };
    // Only this wait may be cancelled: something may be being written.
    plain_.async_wait(asio::socket_base::wait_error,
                      asio::bind_cancellation_slot(
                          wait->stop.slot(), asio::bind_executor(executor, std::move(waited))));
  }

  /// Takes in what came. Connections that wait, the most of them, have no memory for it.
  void take_plain(asio::error_code& ec) {
    input arriving;
    auto size = plain_.read_some(asio::buffer(arriving), ec);
    if (ec == asio::error::would_block || ec == asio::error::try_again)
      ec = {};
    inbox_->take({arriving.data(), size});
  }

  template <class Handler>
  void arrived(asio::error_code ec, asio::mutable_buffer into, Handler f) {
    auto woken = std::exchange(woken_, false);
    if (!plain_.is_open())
      ec = asio::error::operation_aborted;
    else if (woken && ec == asio::error::operation_aborted)
      ec = {};
    else if (!half_closed_ && is_end(ec) && inbox_->end()) {
      half_closed_ = true;
      ec = {};
    }
    if (ec)
      f(ec, 0);
    else if (inbox_->ready())
      hand_on_token(into, f);
    else if (inbox_->over() && nothing_waits())
      f(asio::error::eof, 0);
    else
      read_on(into, std::move(f));
  }

  /// Whether the client has closed its sending half, as it does where it closes both.
  static bool is_end(const asio::error_code& ec) {
    return ec == asio::error::eof || ec == asio::ssl::error::stream_truncated;
  }

  /// Whether the system holds nothing that the client sent.
  bool nothing_waits() {
    asio::error_code ec;
    return plain_.available(ec) == 0;
  }

  asio::io_context* loop_;
  std::shared_ptr<listener> listener_;
  std::shared_ptr<asio::ssl::context> context_;
  asio::ip::tcp::socket plain_;
  std::unique_ptr<tls_part> tls_;
  /// Whether the handshake is over.
  bool prepared_ = false;
  std::shared_ptr<inbox> inbox_;
  std::shared_ptr<write_watch> watch_;
  /// Whether nothing more comes of a client that still waits for an answer.
  bool half_closed_ = false;
  /// Whether what is read is cancelled to look into the inbox.
  bool woken_ = false;
};

} // namespace nekod::http
