#include "http/client/curl/curl_job.hpp"

#include "http/client/curl/curl_failure.hpp"

#include <algorithm>
#include <utility>

namespace nekod::http {

namespace {

/// Whether the connection stood, its TLS included.
bool was_connected(CURL* easy) {
  curl_off_t connected = 0;
  curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
  return connected != 0;
}

} // namespace

curl_job::curl_job(std::uint64_t number, http_call call, transport::sink f, easy_pool::handle easy,
                   const client_options& options)
    : easy_(std::move(easy)),
      request_(easy_.get(), std::move(call), options),
      response_(easy_.get(), request_, number, std::move(f), options) {
  curl_easy_setopt(easy_.get(), CURLOPT_PRIVATE, this);
}

curl_job& curl_job::of(CURL* easy) {
  char* job = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &job);
  return *reinterpret_cast<curl_job*>(job);
}

std::optional<curl_socket_t> curl_job::multiplexed_socket() const {
  long version = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_VERSION, &version);
  if (version != CURL_HTTP_VERSION_2 || socket_ == CURL_SOCKET_BAD)
    return std::nullopt;
  return socket_;
}

bool curl_job::holds_back(curl_socket_t socket) const noexcept {
  return response_.window().is_paused() && (socket_ == socket || socket_ == CURL_SOCKET_BAD);
}

void curl_job::finish(CURLcode code) {
  response_.finish(response_.is_too_long() ? transfer_failure::too_long
                                           : failure_of(code, was_connected(easy_.get())));
}

void curl_job::follow_redirect() { request_.follow_redirect(response_.take_redirect()); }

curl_job::clock::time_point curl_job::deadline() const noexcept {
  if (response_.window().is_paused() || request_.is_paused())
    return clock::time_point::max(); // The upstream waits for us.
  // An upstream that takes some of the body is alive, too.
  const auto& limits = request_.call().limits;
  return is_silent_so_far()
             ? std::max(request_.started(), request_.last_sent()) + limits.first_byte
             : std::max(response_.last_byte(), request_.last_sent()) + limits.silence;
}

curl_job::clock::time_point curl_job::next_look(clock::time_point now) const noexcept {
  return is_silent_so_far() ? std::min(deadline(), now + request_.call().limits.silence)
                            : deadline();
}

transfer_failure curl_job::lateness() const noexcept {
  return is_silent_so_far() ? transfer_failure::first_byte_timeout
                            : transfer_failure::silence_timeout;
}

void curl_job::resume() { response_.resume(); }

void curl_job::resume_sending() {
  if (request_.resume())
    curl_easy_pause(easy_.get(), response_.pauses());
}

} // namespace nekod::http
