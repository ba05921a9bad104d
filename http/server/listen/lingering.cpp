#include "http/server/listen/lingering.hpp"

#include <asio/bind_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

namespace nekod::http {

namespace {

constexpr std::chrono::seconds longest{3};
constexpr std::size_t most_at_a_time = 256;

std::atomic<std::size_t> open_now{0};

class lingering : public std::enable_shared_from_this<lingering> {
public:
  lingering(asio::io_context& loop, asio::ip::tcp::socket socket)
      : strand_(loop.get_executor()), timer_(loop, longest), socket_(std::move(socket)) {
    ++open_now;
  }

  ~lingering() { --open_now; }

  lingering(const lingering&) = delete;
  lingering& operator=(const lingering&) = delete;

  void start() {
    timer_.async_wait(
        asio::bind_executor(strand_, [self = shared_from_this()](const asio::error_code&) {
          asio::error_code ignored;
          self->socket_.close(ignored);
        }));
    read();
  }

private:
  void read() {
    socket_.async_read_some(
        asio::buffer(thrown_away_),
        asio::bind_executor(strand_,
                            [self = shared_from_this()](const asio::error_code& ec, std::size_t) {
                              if (ec)
                                self->timer_.cancel();
                              else
                                self->read();
                            }));
  }

  asio::strand<asio::io_context::executor_type> strand_;
  asio::steady_timer timer_;
  asio::ip::tcp::socket socket_;
  std::array<char, 16u << 10> thrown_away_;
};

} // namespace

void close_lingering(asio::io_context& loop, asio::ip::tcp::socket socket) {
  asio::error_code ignored;
  socket.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  if (open_now < most_at_a_time)
    std::make_shared<lingering>(loop, std::move(socket))->start();
}

} // namespace nekod::http
