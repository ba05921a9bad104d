#pragma once

#include "http/server/message/exchange.hpp"
#include "http/server/message/exchange_progress.hpp"
#include "http/server/message/idle_timer.hpp"
#include "http/server/message/inbox.hpp"
#include "http/server/message/server_state.hpp"
#include "http/server/message/stream_output.hpp"

#include <asio/io_context.hpp>
#include <restinio/all.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace nekod::http {

/// The data that the exchanges of one server share.
struct exchange_setting {
  std::shared_ptr<server_state> shared;
  /// Fields for every answer.
  fields extra;
  /// The budget for answers while they are sent; null for no limit.
  std::shared_ptr<byte_budget> budget;
  /// Called when an exchange is dropped; may be empty.
  std::function<void(const request&, const exchange_notes&, const exchange_outcome&)> ended;
};

/// An exchange over RESTinio: writes answers as RESTinio's responses, and streams past RESTinio
/// while that has nothing to send.
class restinio_exchange : public exchange, public std::enable_shared_from_this<restinio_exchange> {
public:
  /// @param box Has the request ready.
  restinio_exchange(restinio::request_handle_t handle, std::shared_ptr<inbox> box,
                    asio::io_context& loop, std::shared_ptr<const exchange_setting> setting);
  ~restinio_exchange() override;

  request& req() noexcept override { return req_; }
  exchange_notes& notes() noexcept override { return notes_; }
  std::chrono::steady_clock::time_point arrived() const noexcept override {
    return progress_.arrived();
  }

  void carry(fields more) override { carried_ = std::move(more); }
  void carry_also(fields more) override;
  void respond(std::uint16_t status, fields headers, std::string body) override;
  void begin(std::uint16_t status, fields headers) override;
  void begin_as_is(std::uint16_t status, fields headers, bool bodiless) override;
  void write(std::string bytes, written_handler f) override;
  void finish() override;
  void abort() override;
  void close_after() override { req_.keep_alive = false; }
  void post(std::function<void()> f) override;
  void on_gone(gone_handler f) override { progress_.on_gone(std::move(f)); }
  void on_idle(std::chrono::milliseconds period, idle_handler f) override;

  /// The connection closed.
  void client_left();

  /// The server's handler has returned; from here on `abort` cannot cut without an answer.
  /// @returns whether it did so before; the caller has to cut the connection then.
  bool leave_handler() { return progress_.leave_handler(); }

private:
  using clock = std::chrono::steady_clock;
  using stream_response = restinio::response_builder_t<stream_output>;

  bool begin_stream(std::uint16_t status, fields headers);
  bool may_write_directly() const;
  bool end();
  restinio::write_status_cb_t when_sent(std::size_t bytes = 0);

  template <class Output>
  restinio::response_builder_t<Output> start(std::uint16_t status, fields headers);

  std::shared_ptr<inbox> inbox_;
  request req_;
  restinio::request_handle_t handle_;
  asio::io_context& loop_;
  std::shared_ptr<const exchange_setting> setting_;
  exchange_notes notes_;
  /// Further fields for the answer.
  fields carried_;
  /// Counts the exchange, and the stream if it is one, while there are bytes to send.
  std::shared_ptr<void> counted_;
  std::shared_ptr<void> stream_counted_;
  std::optional<stream_response> stream_;
  /// The number of writes that RESTinio has not completed.
  std::shared_ptr<std::atomic<unsigned>> under_way_ = std::make_shared<std::atomic<unsigned>>(0);
  std::uint16_t status_ = 0;
  exchange_progress progress_;
  idle_timer idle_;
};

} // namespace nekod::http
