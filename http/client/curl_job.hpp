#pragma once

#include "actors/runtime/metrics.hpp"
#include "actors/upstream/transport.hpp"
#include "http/client/client_options.hpp"
#include "http/client/curl_request.hpp"
#include "http/client/easy_pool.hpp"
#include "http/client/receive_window.hpp"
#include "http/client/response_fields.hpp"

#include <curl/curl.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod::http {

/// One transfer as libcurl sees it: an easy handle, the request that it sends, and the response
/// that it hands on to a reader. Used on its lane only, except for the functions that belong to the
/// reader.
///
/// A reader may drop the job, grant room, and start other transfers from within an event.
class curl_job {
public:
  using clock = std::chrono::steady_clock;

  /// @param options Must outlive the job.
  curl_job(std::uint64_t number, http_call call, transport::sink f, easy_pool::handle easy,
           const client_options& options);
  curl_job(const curl_job&) = delete;
  curl_job& operator=(const curl_job&) = delete;

  CURL* easy() const noexcept { return easy_.get(); }

  /// The job of an easy handle.
  static curl_job& of(CURL* easy);

  /// The socket that libcurl waits for, on the transfer's behalf.
  void uses(curl_socket_t socket) noexcept { socket_ = socket; }

  /// The socket that its answer came over in HTTP/2, if it did and that is known.
  std::optional<curl_socket_t> multiplexed_socket() const;

  /// Whether the transfer waits for its reader, and what comes over *socket* may be its.
  bool holds_back(curl_socket_t socket) const noexcept {
    return window_.is_paused() && (socket_ == socket || socket_ == CURL_SOCKET_BAD);
  }

  /// Where to be listed once there are bytes to hand on.
  void report_to(std::vector<curl_job*>& list) noexcept { dirty_ = &list; }

  /// Hands on what one batch of socket events brought.
  void flush();

  /// The transfer ended. Tells the sink.
  void finish(CURLcode code);

  /// Whether the response that came is a redirect to follow.
  bool follows_redirect() const noexcept { return next_url_.has_value(); }

  /// Sets the call up for the redirect's target. The handle must be in no multi handle.
  /// @pre There is a redirect to follow.
  void follow_redirect();

  /// Tells the sink that the transfer ended so.
  void fail(transfer_failure failure);

  /// When its time is over if no byte comes; the greatest time while it waits for its reader. Bytes
  /// only put it off.
  clock::time_point deadline() const noexcept;

  /// What it fails with past its deadline.
  transfer_failure lateness() const noexcept;

  /// libcurl reads on after a pause.
  void resume();

  /// Sets the function that is called, on any thread, when there is more of the body to send: it
  /// has `resume_sending` called.
  void on_more_to_send(std::function<void()> f) noexcept { request_.on_more_to_send(std::move(f)); }

  /// libcurl asks for more of the body.
  void resume_sending();

  /// The reader dropped the transfer: it gets no more events.
  void drop() noexcept { dropped_ = true; }

  /// Call before the handle is removed: libcurl 7.88 loses what it has buffered of a stream of
  /// HTTP/2 that is removed while it is paused.
  void forgo_rest();

  // The reader's, on any thread:

  /// Lets *bytes* more of the body come.
  /// @returns whether the transfer has to be resumed for that.
  bool grant(std::size_t bytes) noexcept { return window_.grant(bytes); }

  void take_back(std::size_t bytes) noexcept { window_.take_back(bytes); }

  /// The client for whom the call was made left, then.
  void abandon(clock::time_point client_left) noexcept { client_left_ = client_left; }

  /// When that client left; the epoch if it did not.
  clock::time_point client_left() const noexcept { return client_left_; }

private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t n, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t n, void* self);

  void on_header_line(std::string_view line);
  void keep_field(std::string_view line);
  void end_head();
  bool has_room();
  bool pause_if_full();
  bool is_coded() const noexcept {
    return !heard_.content_coding.empty() && !request_.call().passes;
  }
  int pauses() const noexcept;
  bool silent_so_far() const noexcept { return last_byte_ == clock::time_point{}; }
  std::uint16_t status() const;
  void make_dirty();
  void hand_on();
  void send_head();
  void send(transfer_event& e);
  transfer_failure failure_of(CURLcode code) const;
  transfer_event event(transfer_event::kind what) const;

  std::uint64_t number_;
  transport::sink sink_;
  metrics& counts_;
  receive_window window_;
  std::atomic<clock::time_point> client_left_{};
  easy_pool::handle easy_;
  curl_request request_;
  /// Bytes to hand on.
  std::string bytes_;
  /// The lane's list of jobs that have something to hand on, and whether this one is in it.
  std::vector<curl_job*>* dirty_ = nullptr;
  bool listed_ = false;
  bool dropped_ = false;
  bool too_long_ = false;
  bool forgoes_rest_ = false;
  response_fields heard_;
  /// Where the response that ends now sends the call, if that is followed.
  std::optional<std::string> next_url_;
  curl_socket_t socket_ = CURL_SOCKET_BAD;
  /// Of a call that passes: the response's fields, and whether its head is to be sent at once.
  std::shared_ptr<header_fields> fields_;
  bool head_came_ = false;
  bool head_sent_ = false;
  clock::time_point last_byte_;
};

} // namespace nekod::http
