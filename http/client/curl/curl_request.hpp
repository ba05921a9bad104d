#pragma once

#include "actors/upstream/transport.hpp"
#include "http/client/client_options.hpp"

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nekod::http {

/// The request of a transfer as libcurl sends it: sets up the easy handle, provides the body, and
/// ensures that a request that must not take effect twice is sent only once. Used on its lane only.
class curl_request {
public:
  using clock = std::chrono::steady_clock;

  /// @param easy Must outlive the request, and stay the request's until then.
  curl_request(CURL* easy, http_call call, const client_options& options);

  curl_request(const curl_request&) = delete;
  curl_request& operator=(const curl_request&) = delete;

  const http_call& call() const noexcept { return call_; }

  /// Sends the call to *url* next, as a redirect asks. The handle must be in no multi handle.
  void follow_redirect(std::string url);

  /// The number of redirects that were followed.
  unsigned redirects() const noexcept { return redirects_; }

  /// Sets the function that is called, on any thread, when there is more of a body that arrives
  /// piece by piece. The caller then tells libcurl to ask for it.
  void on_more_to_send(std::function<void()> f) noexcept { more_to_send_ = std::move(f); }

  /// Whether libcurl waits for more of the body to be sent.
  bool is_paused() const noexcept { return paused_; }

  /// Ends that wait.
  /// @returns whether there was one.
  bool resume();

  /// The time when libcurl last got a part of the body; the epoch before the first one.
  clock::time_point last_sent() const noexcept { return last_sent_; }

  clock::time_point started() const noexcept { return started_; }

private:
  struct list_deleter {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };

  struct url_deleter {
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
  };

  static std::size_t give_body(char* to, std::size_t size, std::size_t n, void* self);
  static int connecting(void* self, curl_socket_t socket, curlsocktype purpose);
  static int allow_sending(void* self, char* server_address, char* own_address, int server_port,
                           int own_port);

  void set_up_address();
  void set_up_connection(const client_options& options);
  void set_up_fields();
  void set_up_body();
  void set_up_source();
  void set_up_passing();
  void refuse_repeats();
  long bytes_sent() const;

  CURL* easy_;
  http_call call_;
  std::unique_ptr<curl_slist, list_deleter> fields_;
  std::unique_ptr<CURLU, url_deleter> parts_{curl_url()};
  const clock::time_point started_ = clock::now();
  std::function<void()> more_to_send_;
  bool paused_ = false;
  clock::time_point last_sent_;
  unsigned redirects_ = 0;
  /// Whether a redirect was followed and the request has not been sent again yet.
  bool redirected_ = false;
  /// Bytes sent before the last redirect.
  long sent_elsewhere_ = 0;
  /// Bytes sent before libcurl began to connect; nothing if it uses an existing connection.
  std::optional<long> sent_before_connecting_;
};

} // namespace nekod::http
