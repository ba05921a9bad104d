#pragma once

#include "actors/upstream/transport.hpp"
#include "http/client/client_options.hpp"
#include "http/client/curl/curl_request.hpp"
#include "http/client/curl/curl_response.hpp"
#include "http/client/curl/easy_pool.hpp"

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace nekod::http {

/// One transfer as libcurl sees it: an easy handle with the request that it sends, the response
/// that it receives, the socket that it uses, and its time limits. Used on its lane only.
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

  curl_request& request() noexcept { return request_; }
  curl_response& response() noexcept { return response_; }

  /// libcurl waits for *socket* on the transfer's behalf.
  void uses(curl_socket_t socket) noexcept { socket_ = socket; }

  /// The socket of the response if that came in HTTP/2 and the socket is known.
  std::optional<curl_socket_t> multiplexed_socket() const;

  /// Whether the transfer waits for its reader, so that bytes on *socket* may belong to it.
  bool holds_back(curl_socket_t socket) const noexcept;

  /// The transfer ended: sends the reader its last events.
  void finish(CURLcode code);

  /// Prepares the call for the redirect's target. The handle must be in no multi handle.
  /// @pre `response().follows_redirect()`
  void follow_redirect();

  /// When the transfer fails unless a byte comes before; the greatest time while it waits for its
  /// reader.
  clock::time_point deadline() const noexcept;

  /// When the deadline is to be looked at, now being *now*: bytes move it to an earlier time only
  /// once, when the first one comes.
  clock::time_point next_look(clock::time_point now) const noexcept;

  /// The failure of a transfer past its deadline.
  transfer_failure lateness() const noexcept;

  /// libcurl reads on after a pause.
  void resume();

  /// libcurl asks for more of the body.
  void resume_sending();

private:
  bool is_silent_so_far() const noexcept { return response_.last_byte() == clock::time_point{}; }

  easy_pool::handle easy_;
  curl_request request_;
  curl_response response_;
  curl_socket_t socket_ = CURL_SOCKET_BAD;
};

} // namespace nekod::http
