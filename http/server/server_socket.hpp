#pragma once

#include <asio/bind_executor.hpp>
#include <asio/ssl.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <restinio/all.hpp>
#include <restinio/tls_fwd.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

/// The socket of a client's connection, plain or TLS, as a template argument for RESTinio.
/// RESTinio's own TLS socket waits for ever for a client's handshake, and keeps one certificate for
/// life.
namespace nekod::http {

/// What the sockets of one listener share. May be used by several threads at once.
class listener {
public:
  using tls_context = std::shared_ptr<asio::ssl::context>;

  /// @param tls Null for plain connections.
  /// @param timeout Longest time for a client's TLS handshake.
  /// @param limit Handshakes at a time; further clients are closed at once.
  listener(tls_context tls, std::chrono::seconds timeout, std::size_t limit)
      : handshake_timeout(timeout), max_handshakes(limit), context_(std::move(tls)) {}

  /// Null for plain connections.
  tls_context tls() const {
    std::lock_guard guard{mutex_};
    return context_;
  }

  /// For the connections from now on.
  void use(tls_context fresh) {
    std::lock_guard guard{mutex_};
    context_ = std::move(fresh);
  }

  const std::chrono::seconds handshake_timeout;
  const std::size_t max_handshakes;
  std::atomic<std::size_t> handshakes{0};

private:
  mutable std::mutex mutex_;
  tls_context context_;
};

/// As much of Asio's stream sockets as RESTinio uses.
class server_socket {
public:
  /// Of a known type: what each event of a connection goes through costs less than with the
  /// socket's own, which could be any.
  using executor_type = asio::io_context::executor_type;

  server_socket(asio::io_context& loop, std::shared_ptr<listener> from)
      : loop_(&loop), listener_(std::move(from)), plain_(loop) {}

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
      tls_->shutdown(ignored);
    }
    plain_.shutdown(std::forward<Arguments>(arguments)...);
  }

  template <class... Arguments>
  void close(Arguments&&... arguments) {
    plain_.close(std::forward<Arguments>(arguments)...);
  }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& f) {
    if (tls_)
      tls_->async_read_some(buffers, std::forward<Handler>(f));
    else
      plain_.async_read_some(buffers, std::forward<Handler>(f));
  }

  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& f) {
    if (tls_)
      tls_->async_write_some(buffers, std::forward<Handler>(f));
    else
      plain_.async_write_some(buffers, std::forward<Handler>(f));
  }

  /// Makes the connection ready to be read: at once where it is plain, else after its handshake.
  /// From here on the socket must not be moved.
  /// @param f Called with an error code; keeps the socket alive.
  template <class Handler>
  void prepare(Handler f) {
    auto context = listener_->tls();
    if (!context) {
      f(asio::error_code{});
      return;
    }
    if (listener_->handshakes >= listener_->max_handshakes) {
      f(make_error_code(std::errc::too_many_files_open));
      return;
    }
    context_ = std::move(context); // A stream does not keep its context.
    tls_ = std::make_unique<tls_stream>(plain_, *context_);
    handshake(std::move(f));
  }

private:
  using tls_stream = asio::ssl::stream<asio::ip::tcp::socket&>;

  /// Shared by a handshake and the timer that limits it, which run on one strand.
  struct attempt {
    attempt(asio::io_context& loop, std::shared_ptr<listener> l)
        : strand(loop.get_executor()), deadline(loop, l->handshake_timeout), from(std::move(l)) {
      ++from->handshakes;
    }
    ~attempt() { --from->handshakes; }
    attempt(const attempt&) = delete;
    attempt& operator=(const attempt&) = delete;

    asio::strand<asio::io_context::executor_type> strand;
    asio::steady_timer deadline;
    std::shared_ptr<listener> from;
    bool ended = false;
  };

  template <class Handler>
  void handshake(Handler f) {
    auto running = std::make_shared<attempt>(*loop_, listener_);
    running->deadline.async_wait(
        asio::bind_executor(running->strand, [this, running](const asio::error_code&) {
          asio::error_code ignored;
          if (!running->ended)
            plain_.close(ignored);
        }));
    tls_->async_handshake(asio::ssl::stream_base::server,
                          asio::bind_executor(running->strand, [this, running, f = std::move(f)](
                                                                   const asio::error_code& ec) {
                            running->ended = true;
                            prepared_ = !ec;
                            running->deadline.cancel();
                            f(ec);
                          }));
  }

  asio::io_context* loop_;
  std::shared_ptr<listener> listener_;
  std::shared_ptr<asio::ssl::context> context_;
  asio::ip::tcp::socket plain_;
  std::unique_ptr<tls_stream> tls_;
  /// Whether the handshake is over.
  bool prepared_ = false;
};

// RESTinio finds these two beside the socket.

template <class Connection, class StartReading, class Failed>
void prepare_connection_and_start_read(server_socket& socket, Connection& connection,
                                       StartReading start_reading, Failed failed) {
  socket.prepare([start_reading = std::move(start_reading), failed = std::move(failed),
                  alive = connection.shared_from_this()](const asio::error_code& ec) {
    if (ec) {
      failed(ec);
      return;
    }
    // It throws where the connection is one too many. On a plain port RESTinio catches that.
    try {
      start_reading();
    } catch (const std::exception&) {
      failed(make_error_code(std::errc::too_many_files_open));
    }
  });
}

inline restinio::tls_socket_t* make_tls_socket_pointer_for_state_listener(server_socket&) noexcept {
  return nullptr;
}

} // namespace nekod::http

namespace restinio {

/// The way of a listener from a server's settings to its sockets.
template <class Settings>
class socket_type_dependent_settings_t<Settings, nekod::http::server_socket> {
public:
  Settings& sockets_of(std::shared_ptr<nekod::http::listener> from) {
    listener_ = std::move(from);
    return static_cast<Settings&>(*this);
  }

  std::shared_ptr<nekod::http::listener> socket_listener() const { return listener_; }

protected:
  ~socket_type_dependent_settings_t() = default;

private:
  std::shared_ptr<nekod::http::listener> listener_;
};

namespace impl {

/// Makes the sockets that connections are accepted into.
template <>
class socket_supplier_t<nekod::http::server_socket> {
protected:
  template <class Settings>
  socket_supplier_t(Settings& settings, asio::io_context& loop)
      : loop_(loop), listener_(settings.socket_listener()) {
    for (std::size_t i = 0; i < settings.concurrent_accepts_count(); ++i)
      sockets_.emplace_back(loop_, listener_);
  }

  nekod::http::server_socket& socket(std::size_t i) { return sockets_.at(i); }

  nekod::http::server_socket move_socket(std::size_t i) {
    return std::exchange(socket(i), nekod::http::server_socket{loop_, listener_});
  }

  auto concurrent_accept_sockets_count() const noexcept { return sockets_.size(); }

private:
  asio::io_context& loop_;
  std::shared_ptr<nekod::http::listener> listener_;
  std::vector<nekod::http::server_socket> sockets_;
};

} // namespace impl
} // namespace restinio
