#pragma once

#include "actors/runtime/metrics.hpp"
#include "actors/upstream/transport.hpp"
#include "http/client/client_options.hpp"
#include "http/client/curl/curl_request.hpp"
#include "http/client/receive_window.hpp"
#include "http/client/response_head.hpp"
#include "http/client/transfer_reader.hpp"

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::http {

/// The response of a transfer, from libcurl's callbacks to its reader's events. Bytes are collected
/// while libcurl runs, and handed on afterwards by `flush`: so a reader may drop the transfer,
/// grant room, and start other transfers from within an event. When the window is used up, libcurl
/// is paused. Used on its lane only.
class curl_response {
public:
  using clock = std::chrono::steady_clock;

  /// @param easy Must outlive the response, and stay the transfer's until then.
  /// @param request Must outlive the response.
  /// @param options Must outlive the response.
  curl_response(CURL* easy, const curl_request& request, std::uint64_t number, transport::sink f,
                const client_options& options);

  curl_response(const curl_response&) = delete;
  curl_response& operator=(const curl_response&) = delete;

  /// Sets the list that gets this response when there is something to hand on.
  void report_to(std::vector<curl_response*>& list) noexcept { dirty_ = &list; }

  /// Hands on what one batch of socket events brought.
  void flush();

  /// The transfer ended: hands on the rest, and the end.
  void finish(transfer_failure failure);

  /// Whether a few bytes were decoded to more than any answer has.
  bool is_too_long() const noexcept { return is_too_long_; }

  /// Whether the response is a redirect to follow.
  bool follows_redirect() const noexcept { return next_url_.has_value(); }

  /// The redirect's target. The response begins anew.
  /// @pre There is a redirect to follow.
  std::string take_redirect();

  /// libcurl reads on after a pause.
  void resume();

  /// Drops what libcurl still has. Call before the handle is removed: libcurl 7.88 loses what it
  /// has buffered of a stream of HTTP/2 that is removed while it is paused.
  void forgo_rest();

  /// The directions that are paused now, for `curl_easy_pause`.
  int pauses() const noexcept;

  /// The time of the last byte; the epoch before the first one, and after a redirect.
  clock::time_point last_byte() const noexcept { return last_byte_; }

  /// The room for the body.
  receive_window& window() noexcept { return window_; }
  const receive_window& window() const noexcept { return window_; }

  transfer_reader& reader() noexcept { return reader_; }

private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t n, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t n, void* self);

  void take_line(std::string_view line);
  std::size_t take(std::string_view bytes);
  bool pause_if_full();
  void make_dirty();
  void hand_on();
  void send_head();

  CURL* easy_;
  const curl_request& request_;
  transfer_reader reader_;
  metrics& counts_;
  receive_window window_;
  response_head head_;
  bool head_sent_ = false;
  /// Bytes to hand on.
  std::string bytes_;
  /// The lane's list of responses that have something to hand on, and whether this one is in it.
  std::vector<curl_response*>* dirty_ = nullptr;
  bool is_listed_ = false;
  bool is_too_long_ = false;
  bool forgoes_rest_ = false;
  /// Where the response that ends now sends the call, if that is followed.
  std::optional<std::string> next_url_;
  clock::time_point last_byte_;
};

} // namespace nekod::http
