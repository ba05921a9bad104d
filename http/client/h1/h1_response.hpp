#pragma once

#include "actors/runtime/metrics.hpp"
#include "actors/upstream/transport.hpp"
#include "http/client/client_options.hpp"
#include "http/client/h1/coded_body.hpp"
#include "http/client/h1/h1_request.hpp"
#include "http/client/h1/head_reader.hpp"
#include "http/client/receive_window.hpp"
#include "http/client/response_head.hpp"
#include "http/client/transfer_reader.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::http {

/// The response of a transfer, from the bytes of its connection to its reader's events. The reader
/// may drop the transfer, grant room, and start other transfers from within an event. Used on its
/// loop's thread.
class h1_response {
public:
  using clock = std::chrono::steady_clock;

  enum class state : std::uint8_t { more, ended, failed };

  /// @param request Must outlive the response.
  /// @param options Must outlive the response.
  h1_response(h1_request& request, std::uint64_t number, transport::sink f,
              const client_options& options);

  h1_response(const h1_response&) = delete;
  h1_response& operator=(const h1_response&) = delete;

  /// Takes the bytes that a read brought, and hands on those of the body.
  /// @param event Is used for the reader's events, so that no memory is needed for each.
  state take(std::string_view bytes, transfer_event& event, clock::time_point now);

  /// Whether any byte came.
  bool has_begun() const noexcept { return last_byte_ != clock::time_point{}; }

  /// Whether the connection's end is the response's.
  bool ends_by_close() const noexcept { return in_body_ && head_.body.ends_by_close(); }

  /// Whether a body comes whose length is not known.
  bool has_open_end() const noexcept { return in_body_ && !head_.body.has_length(); }

  /// Whether its body is decoded.
  bool is_coded() const noexcept { return fields_.is_coded(); }

  /// Why it failed, if it did.
  transfer_failure failure() const noexcept { return failure_; }

  /// Sends the reader the last events.
  void finish(transfer_failure failure);

  /// How long the connection may wait for another request; nothing if it must not be used again.
  /// @pre The response has ended.
  std::optional<clock::duration> idle_time() const;

  /// Whether the response is a redirect to follow.
  bool follows_redirect() const noexcept { return next_url_.has_value(); }

  /// The redirect's target. The response begins anew.
  /// @pre There is a redirect to follow.
  std::string take_redirect();

  /// Stops if there is no room for the body.
  /// @returns whether it did.
  bool pause_if_full();

  void resume(clock::time_point now) noexcept;

  /// The time of the last byte; the epoch before the first one, and after a redirect.
  clock::time_point last_byte() const noexcept { return last_byte_; }

  receive_window& window() noexcept { return window_; }
  const receive_window& window() const noexcept { return window_; }

  transfer_reader& reader() noexcept { return reader_; }
  const transfer_reader& reader() const noexcept { return reader_; }

private:
  state fail(transfer_failure f) noexcept;
  state take_head(std::string_view& bytes);
  state take_body(std::string_view& bytes, std::string& data);
  state end_head();
  void act_on_fields();
  std::optional<transfer_failure> decode(std::string_view coded, std::string& data);
  void send_head();

  h1_request& request_;
  transfer_reader reader_;
  metrics& counts_;
  receive_window window_;
  head_reader lines_;
  message_head head_;
  response_head fields_;
  /// Decodes the body; nothing if it is not coded, or in a coding that nobody knows.
  std::optional<coded_body> coding_;
  std::optional<std::string> next_url_;
  clock::time_point last_byte_;
  transfer_failure failure_ = transfer_failure::none;
  bool in_body_ = false;
  bool head_sent_ = false;
  bool has_excess_ = false;
};

} // namespace nekod::http
