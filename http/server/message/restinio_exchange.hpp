#pragma once

#include "http/server/message/exchange.hpp"
#include "http/server/message/inbox.hpp"
#include "http/server/message/server_state.hpp"
#include "http/server/message/stream_output.hpp"

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <restinio/all.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace nekod::http {

/// What the exchanges of one server have in common.
struct exchange_setting {
  std::shared_ptr<server_state> shared;
  /// Fields for every answer.
  fields extra;
  /// What answers hold while they are sent; null for no limit.
  std::shared_ptr<byte_budget> budget;
  /// Told when an exchange is dropped; may be empty.
  std::function<void(const request&, const exchange_notes&, const exchange_outcome&)> ended;
};

/// An exchange over RESTinio. Its own lock guards what the loop and the answering actor both touch:
/// the end, the client's leaving, and the idle timer.
class restinio_exchange : public exchange, public std::enable_shared_from_this<restinio_exchange> {
public:
  /// @param box Has the request ready.
  restinio_exchange(restinio::request_handle_t handle, std::shared_ptr<inbox> box,
                    asio::io_context& loop, std::shared_ptr<const exchange_setting> setting);
  ~restinio_exchange() override;

  request& req() noexcept override { return req_; }
  exchange_notes& notes() noexcept override { return notes_; }
  std::chrono::steady_clock::time_point arrived() const noexcept override { return arrived_; }

  void carry(fields more) override { carried_ = std::move(more); }
  void respond(std::uint16_t status, fields headers, std::string body) override;
  void begin(std::uint16_t status, fields headers) override;
  void begin_as_is(std::uint16_t status, fields headers, bool bodiless) override;
  void write(std::string bytes, written_handler f) override;
  void finish() override;
  void abort() override;
  void close_after() override { req_.keep_alive = false; }
  void post(std::function<void()> f) override;
  void on_gone(gone_handler f) override;
  void on_idle(std::chrono::milliseconds period, idle_handler f) override;

  /// The connection closed.
  void client_left();

  /// The server's handler returned; from here on `abort` cannot cut without an answer.
  /// @returns whether it did so.
  bool leave_handler();

private:
  using clock = std::chrono::steady_clock;
  using stream_response = restinio::response_builder_t<stream_output>;

  bool begin_stream(std::uint16_t status, fields headers);
  bool may_write_directly() const;
  bool write_directly(std::string_view bytes);
  bool end();
  bool cut_in_handler();
  restinio::write_status_cb_t when_sent(std::size_t bytes = 0);
  void wait_for_idle();
  void idle_timer_fired();
  exchange_outcome outcome() const;

  template <class Output>
  restinio::response_builder_t<Output> start(std::uint16_t status, fields headers);

  std::shared_ptr<inbox> inbox_;
  request req_;
  restinio::request_handle_t handle_;
  asio::io_context& loop_;
  std::shared_ptr<const exchange_setting> setting_;
  exchange_notes notes_;
  /// Fields for its answer.
  fields carried_;
  /// Counts the exchange, and the stream if it is one, while there are bytes to send.
  std::shared_ptr<void> counted_;
  std::shared_ptr<void> stream_counted_;
  std::optional<stream_response> stream_;
  /// Writes that RESTinio has not ended.
  std::shared_ptr<std::atomic<unsigned>> under_way_ = std::make_shared<std::atomic<unsigned>>(0);
  std::uint16_t status_ = 0;
  clock::time_point arrived_ = clock::now();
  clock::time_point first_write_{};
  std::atomic<clock::time_point> last_write_{};

  mutable std::mutex mutex_;
  bool in_handler_ = true;
  bool cut_ = false;
  /// Written under the lock.
  std::atomic<bool> ended_{false};
  bool gone_ = false;
  clock::time_point end_{};
  gone_handler gone_handler_;
  idle_handler idle_handler_;
  std::chrono::milliseconds idle_period_{0};
  std::optional<asio::steady_timer> timer_;
};

} // namespace nekod::http
