#pragma once

#include "actors/runtime/metrics.hpp"
#include "actors/upstream/transport.hpp"
#include "http/client/curl_transport.hpp"
#include "http/client/easy_pool.hpp"
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

/// One transfer as libcurl sees it: an easy handle with its callbacks. All that is not atomic is
/// touched on its lane only.
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
    return paused && (socket_ == socket || socket_ == CURL_SOCKET_BAD);
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

  /// Whom to have call `resume_sending` when there is more of the body to send.
  void wake_by(std::function<void()> f) noexcept { wake_ = std::move(f); }

  /// libcurl asks for more of the body.
  void resume_sending();

  /// The job is about to be taken from libcurl, which (7.88) loses what it holds back of a stream
  /// of HTTP/2 that is taken from it in a pause.
  void forgo_rest();

  /// Bytes the reader has still room for; may fall below zero by what libcurl had read.
  std::atomic<std::int64_t> window;
  /// Whether libcurl was told to wait for room.
  std::atomic<bool> paused{false};
  /// When the client left for whom the call was made; the epoch while it did not.
  std::atomic<clock::time_point> client_left{};

private:
  struct list_deleter {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };

  struct url_deleter {
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
  };

  static std::size_t take_header(char* data, std::size_t size, std::size_t n, void* self);
  static std::size_t take_body(char* data, std::size_t size, std::size_t n, void* self);
  static std::size_t give_body(char* to, std::size_t size, std::size_t n, void* self);
  static int connecting(void* self, curl_socket_t socket, curlsocktype purpose);
  static int allow_sending(void* self, char* server_address, char* own_address, int server_port,
                           int own_port);

  void set_up(const client_options& options);
  void set_up_way(const client_options& options);
  void set_up_body();
  bool has_room();
  void hand_on();
  void pause_if_full();
  bool is_coded() const noexcept { return !heard_.content_coding.empty() && !call_.passes; }
  void set_up_source();
  void set_up_passing();
  void refuse_repeats();
  int pauses() const noexcept;
  bool silent_so_far() const noexcept { return last_byte_ == clock::time_point{}; }
  std::uint16_t status() const;
  long bytes_sent() const;
  void take_header_line(std::string_view line);
  void keep_field(std::string_view line);
  void end_head();
  void make_dirty();
  void send_head();
  transfer_failure failure_of(CURLcode code) const;
  transfer_event event(transfer_event::kind what) const;

  std::uint64_t number_;
  http_call call_;
  transport::sink sink_;
  metrics& counts_;
  easy_pool::handle easy_;
  std::unique_ptr<curl_slist, list_deleter> headers_;
  std::unique_ptr<CURLU, url_deleter> parts_{curl_url()};
  std::string bytes_;
  std::vector<curl_job*>* dirty_ = nullptr;
  bool too_long_ = false;
  response_fields heard_;
  /// Where the response that ends now sends the call, if that is followed.
  std::optional<std::string> next_url_;
  unsigned redirects_ = 0;
  /// Whether a redirect was followed and the request has not been sent again yet.
  bool redirected_ = false;
  /// Bytes sent before the last redirect.
  long sent_elsewhere_ = 0;
  /// How much had been sent when the connection to be used was begun; none where it was there.
  std::optional<long> sent_before_connecting_;
  curl_socket_t socket_ = CURL_SOCKET_BAD;
  bool forgoes_rest_ = false;
  std::function<void()> wake_;
  /// Whether libcurl was told to wait for more of the body.
  bool sending_paused_ = false;
  /// When it was last given some; the epoch before.
  clock::time_point last_sent_;
  /// Of a call that passes: the response's fields, and whether its head is to be sent at once.
  std::shared_ptr<header_fields> fields_;
  bool head_came_ = false;
  bool listed_ = false;
  bool head_sent_ = false;
  clock::time_point started_ = clock::now();
  clock::time_point last_byte_;
};

} // namespace nekod::http
