#include "http/server/listen/write_watch.hpp"

#include <asio/bind_executor.hpp>

namespace nekod::http {

write_watch::write_watch(asio::io_context& loop, std::chrono::seconds limit)
    : timer_(loop), limit_(limit) {}

void write_watch::begin(asio::ip::tcp::socket& socket, const asio::any_io_executor& strand) {
  since_ = clock::now();
  waiting_ = true;
  if (timer_runs_)
    return;
  socket_ = &socket;
  strand_ = strand;
  wait();
}

void write_watch::stop() {
  socket_ = nullptr;
  timer_.cancel();
}

void write_watch::wait() {
  timer_runs_ = true;
  timer_.expires_at(since_ + limit_);
  timer_.async_wait(
      asio::bind_executor(strand_, [weak = weak_from_this()](const asio::error_code& ec) {
        if (auto self = weak.lock(); self && !ec)
          self->look();
      }));
}

void write_watch::look() {
  timer_runs_ = false;
  if (socket_ == nullptr || !waiting_)
    return;
  if (clock::now() - since_ < limit_) {
    wait();
    return;
  }
  // This also drops what the system still holds for the peer. The write fails now, which closes the
  // connection.
  asio::error_code ignored;
  socket_->set_option(asio::socket_base::linger{true, 0}, ignored);
  socket_->shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
}

} // namespace nekod::http
