#pragma once

#include "http/server/listen/client_stream.hpp"
#include "http/server/listen/connection_table.hpp"
#include "http/server/listen/lingering.hpp"
#include "http/server/listen/listener.hpp"
#include "http/server/listen/write_watch.hpp"
#include "http/server/message/inbox.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <restinio/all.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

/// The socket of a client's connection, plain or TLS, as a template argument for RESTinio.
///
/// It replaces two parts of RESTinio. RESTinio's TLS socket waits for a handshake without a limit,
/// and cannot change its certificate. RESTinio's reader closes the connection on requests that
/// deserve an answer, reads bodies that nobody wants, and miscounts pipelined requests. So requests
/// are read here: RESTinio gets a token for each, and the server finds the request in the
/// connection's inbox.
namespace nekod::http {

/// The bytes that RESTinio reads in place of each request.
inline constexpr std::string_view request_token = "GET / HTTP/1.1\r\n\r\n";

/// Sent to a client that waits for it before it sends the body.
inline constexpr std::string_view continue_word = "HTTP/1.1 100 Continue\r\n\r\n";

/// The part of the interface of Asio's stream sockets that RESTinio uses.
class server_socket {
public:
  /// A concrete type, which makes each event of a connection cheaper than Asio's default, an
  /// executor of any type.
  using executor_type = asio::io_context::executor_type;

  server_socket(asio::io_context& loop, std::shared_ptr<listener> from)
      : listener_(std::move(from)),
        stream_(loop),
        inbox_(std::make_shared<inbox>(listener_->reading)),
        watch_(std::make_shared<write_watch>(loop, listener_->write_timeout)) {}

  auto& lowest_layer() { return stream_.plain().lowest_layer(); }
  const auto& lowest_layer() const { return stream_.plain().lowest_layer(); }
  executor_type get_executor() { return stream_.loop().get_executor(); }
  auto remote_endpoint() const { return stream_.plain().remote_endpoint(); }
  bool is_open() const { return stream_.plain().is_open(); }

  template <class... Arguments>
  void cancel(Arguments&&... arguments) {
    stream_.plain().cancel(std::forward<Arguments>(arguments)...);
  }

  template <class... Arguments>
  void shutdown(Arguments&&... arguments) {
    stream_.end_tls();
    if (!inbox_->broken())
      stream_.plain().shutdown(std::forward<Arguments>(arguments)...);
  }

  /// If the client is still sending a request that was answered without being read, the connection
  /// lingers, so that the answer arrives.
  template <class... Arguments>
  void close(Arguments&&... arguments) {
    auto& plain = stream_.plain();
    inbox_->wake = nullptr;
    inbox_->way_out.close();
    watch_->stop();
    if (!inbox_->broken() || !plain.is_open()) {
      plain.close(std::forward<Arguments>(arguments)...);
      return;
    }
    asio::error_code ec;
    auto protocol = plain.local_endpoint(ec).protocol();
    auto native = plain.release(ec);
    if (!ec)
      close_lingering(stream_.loop(), asio::ip::tcp::socket{stream_.loop(), protocol, native});
  }

  /// Reads one request into the inbox, and hands RESTinio a token.
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

  /// Plain bytes are handed to the system at once, which nearly always accepts them: Asio's
  /// asynchronous operation, which costs more, is used only if there is something to wait for.
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& f) {
    auto executor = asio::get_associated_executor(f);
    if (!stream_.is_encrypted()) {
      asio::error_code ec;
      auto size = stream_.plain().write_some(buffers, ec);
      if (ec != asio::error::would_block && ec != asio::error::try_again) {
        asio::post(asio::bind_executor(
            executor, [ec, size, f = std::forward<Handler>(f)]() mutable { f(ec, size); }));
        return;
      }
    }
    watch_->begin(stream_.plain(), executor);
    auto written = [this, f = std::forward<Handler>(f)](const asio::error_code& ec,
                                                        std::size_t size) mutable {
      watch_->end();
      f(ec, size);
    };
    stream_.async_write_some(buffers, asio::bind_executor(executor, std::move(written)));
  }

  /// Makes the connection ready to be read, after its TLS handshake if it has one. From here on the
  /// socket must not be moved.
  /// @param f Called with an error code; keeps the socket alive.
  template <class Handler>
  void prepare(Handler f) {
    inbox_->wake = [this] {
      woken_ = true;
      asio::error_code ignored;
      stream_.plain().cancel(ignored);
    };
    stream_.prepare(listener_, [this, f = std::move(f)](const asio::error_code& ec) {
      if (!ec && !stream_.is_encrypted())
        inbox_->way_out.open(stream_.plain().native_handle());
      f(ec);
    });
  }

  /// Adds the connection to the table, with RESTinio's number.
  void announce(restinio::connection_id_t connection, connection_table::strand on) {
    listener_->connections->announce(connection, inbox_, std::move(on));
  }

private:
  template <class Handler>
  static void hand_on_token(asio::mutable_buffer into, Handler& f) {
    std::memcpy(into.data(), request_token.data(), request_token.size());
    f(asio::error_code{}, request_token.size());
  }

  /// Reads until a request is ready. It also reads while a request is being answered, to notice
  /// that the client leaves: by the end of its bytes or, if that may not mean that it has left, by
  /// a reset.
  template <class Handler>
  void read_on(asio::mutable_buffer into, Handler f) {
    auto executor = asio::get_associated_executor(f);
    if (inbox_->take_continue_debt()) {
      // Nothing else is being written: the request before it has been answered.
      auto sent = [this, into, f = std::move(f)](const asio::error_code& ec, std::size_t) mutable {
        arrived(ec, into, std::move(f));
      };
      stream_.async_write_all(continue_word, asio::bind_executor(executor, std::move(sent)));
    } else if (half_closed_ || inbox_->full()) {
      wait_for_room(into, std::move(f));
    } else {
      stream_.async_read(
          executor, [this](std::string_view bytes) { inbox_->take(bytes); },
          [this, into, f = std::move(f)](const asio::error_code& ec) mutable {
            arrived(ec, into, std::move(f));
          });
    }
  }

  /// A wait for room in the inbox.
  struct room_wait {
    asio::cancellation_signal stop;
    bool has_room = false;
    bool is_over = false;
  };

  /// Reads nothing until there is room for it, or the connection breaks.
  template <class Handler>
  void wait_for_room(asio::mutable_buffer into, Handler f) {
    auto executor = asio::get_associated_executor(f);
    auto wait = std::make_shared<room_wait>();
    inbox_->when_room([wait, executor] {
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
    // Only this wait may be cancelled, since a write may be running.
    stream_.plain().async_wait(
        asio::socket_base::wait_error,
        asio::bind_cancellation_slot(wait->stop.slot(),
                                     asio::bind_executor(executor, std::move(waited))));
  }

  /// Some bytes arrived, or an error.
  template <class Handler>
  void arrived(asio::error_code ec, asio::mutable_buffer into, Handler f) {
    auto woken = std::exchange(woken_, false);
    if (!is_open())
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

  /// Whether the client has closed its sending side, or the whole connection.
  static bool is_end(const asio::error_code& ec) {
    return ec == asio::error::eof || ec == asio::ssl::error::stream_truncated;
  }

  /// Whether the system has no bytes of the client.
  bool nothing_waits() {
    asio::error_code ec;
    return stream_.plain().available(ec) == 0;
  }

  std::shared_ptr<listener> listener_;
  client_stream stream_;
  std::shared_ptr<inbox> inbox_;
  std::shared_ptr<write_watch> watch_;
  /// Whether the client has closed its sending side, and still waits for an answer.
  bool half_closed_ = false;
  /// Whether the running read was cancelled in order to look into the inbox.
  bool woken_ = false;
};

} // namespace nekod::http
