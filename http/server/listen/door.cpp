#include "http/server/listen/door.hpp"

#include <asio/bind_executor.hpp>
#include <asio/post.hpp>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <exception>
#include <future>
#include <limits>
#include <utility>

namespace nekod::http {

namespace {

/// The pause before another try after repeated failures.
constexpr std::chrono::milliseconds pause{100};

/// The time between two log lines about such failures.
constexpr std::chrono::minutes silence{1};

/// Up to this number of consecutive failures, each may be the end of one connection that was
/// waiting.
constexpr unsigned unlucky = 16;

/// The most connections that are accepted before other work on the loop gets its turn.
constexpr std::size_t most_at_once = 64;

/// Whether no connection can be accepted at present.
bool is_out_of_room(const asio::error_code& ec) {
  auto value = ec.value();
  return value == EMFILE || value == ENFILE || value == ENOBUFS || value == ENOMEM;
}

} // namespace

door::door(const std::vector<asio::io_context*>& loops, asio::ip::tcp::acceptor acceptor,
           std::shared_ptr<listener> from, guest_handler f)
    : loops_(loops),
      strand_(loops.front()->get_executor()),
      acceptor_(std::move(acceptor)),
      listener_(std::move(from)),
      guest_handler_(std::move(f)),
      pause_(*loops.front()) {
  acceptor_.non_blocking(true);
  // Otherwise accepting a connection that has already gone would block until another one arrives.
  acceptor_.set_option(asio::socket_base::enable_connection_aborted{true});
}

void door::open() {
  asio::post(strand_, [self = shared_from_this()] { self->wait(); });
}

void door::close() {
  auto wait_for = [](auto executor, auto f) {
    std::promise<void> done;
    asio::post(executor, [&] {
      f();
      done.set_value();
    });
    done.get_future().wait();
  };
  wait_for(strand_, [this] {
    // Closing the port would cut connections that the system has already accepted.
    if (acceptor_.is_open())
      accept(std::numeric_limits<std::size_t>::max());
    asio::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  });
  for (auto* loop : loops_)
    wait_for(loop->get_executor(), [] {});
}

void door::wait() {
  if (!acceptor_.is_open())
    return;
  auto come = [self = shared_from_this()](asio::error_code ec) {
    if (ec == asio::error::operation_aborted)
      return;
    if (!ec)
      ec = self->accept(most_at_once);
    if (ec)
      self->fail(ec);
    else
      self->wait();
  };
  acceptor_.async_wait(asio::socket_base::wait_read, asio::bind_executor(strand_, std::move(come)));
}

/// Accepts at most *most* waiting connections.
/// @returns the error, if one could not be accepted.
asio::error_code door::accept(std::size_t most) {
  for (std::size_t i = 0; i < most; ++i) {
    server_socket next{*loops_[next_loop_], listener_};
    asio::error_code ec;
    acceptor_.accept(next.lowest_layer(), ec);
    if (ec == asio::error::would_block || ec == asio::error::try_again)
      return {};
    if (ec)
      return ec;
    failures_ = 0;
    asio::post(*loops_[next_loop_],
               [self = shared_from_this(), loop = next_loop_, socket = std::move(next)]() mutable {
                 self->let_in(loop, std::move(socket));
               });
    next_loop_ = (next_loop_ + 1) % loops_.size();
  }
  return {};
}

void door::let_in(std::size_t loop, server_socket socket) {
  asio::error_code gone;
  auto peer = socket.lowest_layer().remote_endpoint(gone);
  if (gone)
    return;
  try {
    guest_handler_(loop, std::move(socket), peer);
  } catch (const std::exception&) { // For example, one connection too many.
  }
}

void door::fail(const asio::error_code& why) {
  ++failures_;
  if (auto now = clock::now(); now >= silent_until_) {
    silent_until_ = now + silence;
    spdlog::error("cannot accept connections, trying again: {}", why.message());
  }
  if (!is_out_of_room(why) && failures_ < unlucky) {
    wait();
    return;
  }
  pause_.expires_after(pause);
  pause_.async_wait(asio::bind_executor(
      strand_, [self = shared_from_this()](const asio::error_code&) { self->wait(); }));
}

} // namespace nekod::http
