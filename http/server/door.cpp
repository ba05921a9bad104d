#include "http/server/door.hpp"

#include <asio/bind_executor.hpp>
#include <asio/post.hpp>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <exception>
#include <future>
#include <utility>

namespace nekod::http {

namespace {

/// Before another try where accepting fails again and again.
constexpr std::chrono::milliseconds pause{100};

/// Between two words in the log of such failures.
constexpr std::chrono::minutes silence{1};

/// Failures in a row that may each be the end of one connection that nobody had taken yet.
constexpr unsigned unlucky = 16;

/// Whether there is no room for any connection at present.
bool is_out_of_room(const asio::error_code& ec) {
  auto value = ec.value();
  return value == EMFILE || value == ENFILE || value == ENOBUFS || value == ENOMEM;
}

} // namespace

door::door(asio::io_context& loop, asio::ip::tcp::acceptor acceptor, std::shared_ptr<listener> from,
           guest_handler f)
    : loop_(loop),
      strand_(loop.get_executor()),
      acceptor_(std::move(acceptor)),
      listener_(std::move(from)),
      guest_handler_(std::move(f)),
      next_(loop, listener_),
      pause_(loop) {}

void door::open() {
  asio::post(strand_, [self = shared_from_this()] { self->accept(); });
}

void door::close() {
  std::promise<void> closed;
  asio::post(strand_, [this, &closed] {
    asio::error_code ignored;
    take_last();
    acceptor_.close(ignored);
    pause_.cancel();
    closed.set_value();
  });
  closed.get_future().wait();
}

void door::accept() {
  if (!acceptor_.is_open())
    return;
  acceptor_.async_accept(
      next_.lowest_layer(),
      asio::bind_executor(strand_, [self = shared_from_this()](const asio::error_code& ec) {
        self->accepted(ec);
      }));
}

void door::accepted(const asio::error_code& ec) {
  if (ec == asio::error::operation_aborted)
    return;
  if (ec) {
    fail(ec);
    return;
  }
  failures_ = 0;
  let_in(std::exchange(next_, server_socket{loop_, listener_}));
  accept();
}

/// Lets in whom the system has let in already: closing the port would cut them.
void door::take_last() {
  asio::error_code ec;
  acceptor_.non_blocking(true, ec);
  while (!ec && acceptor_.is_open()) {
    server_socket last{loop_, listener_};
    acceptor_.accept(last.lowest_layer(), ec);
    if (!ec)
      let_in(std::move(last));
  }
}

void door::let_in(server_socket socket) {
  asio::error_code gone;
  auto peer = socket.lowest_layer().remote_endpoint(gone);
  if (gone)
    return;
  try {
    guest_handler_(std::move(socket), peer);
  } catch (const std::exception&) { // One connection too many, say.
  }
}

void door::fail(const asio::error_code& why) {
  ++failures_;
  if (auto now = clock::now(); now >= silent_until_) {
    silent_until_ = now + silence;
    spdlog::error("cannot accept connections, trying again: {}", why.message());
  }
  if (!is_out_of_room(why) && failures_ < unlucky) {
    accept();
    return;
  }
  pause_.expires_after(pause);
  pause_.async_wait(asio::bind_executor(
      strand_, [self = shared_from_this()](const asio::error_code&) { self->accept(); }));
}

} // namespace nekod::http
