#include "http/client/curl/curl_response.hpp"

#include "http/client/redirects.hpp"

#include <utility>

namespace nekod::http {

namespace {

/// The most bytes, besides the window, that one read of a coded body may be decoded to: libcurl
/// decodes at once all that it has read. No answer that is accepted is longer.
constexpr std::int64_t most_decoded = 16 << 20;

/// The most bytes of memory that a response keeps between two deliveries.
constexpr std::size_t most_kept = 4u << 10;

std::uint16_t status_of(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<std::uint16_t>(status);
}

} // namespace

curl_response::curl_response(CURL* easy, const curl_request& request, std::uint64_t number,
                             transport::sink f, const client_options& options)
    : easy_(easy),
      request_(request),
      reader_(number, std::move(f)),
      counts_(*options.counts),
      window_(options.window),
      head_(request.call().passes) {
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &curl_response::on_header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &curl_response::on_body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
}

// -- from libcurl --------------------------------------------------------------------------------

std::size_t curl_response::on_header(char* data, std::size_t size, std::size_t n, void* self) {
  static_cast<curl_response*>(self)->take_line({data, size * n});
  return size * n;
}

std::size_t curl_response::on_body(char* data, std::size_t size, std::size_t n, void* self) {
  return static_cast<curl_response*>(self)->take({data, size * n});
}

void curl_response::take_line(std::string_view line) {
  constexpr std::uint16_t first_final = 200;
  last_byte_ = clock::now();
  const auto ends = head_.take(line);
  const auto may_follow = !request_.call().source && request_.redirects() < most_redirects;
  if (!head_.location().empty() && line == "\r\n" && may_follow)
    next_url_ = redirect_to_follow(status_of(easy_), request_.call().url, head_.location());
  // A head that passes does not wait for the body's first byte, unless another head follows.
  if (ends && request_.call().passes && status_of(easy_) >= first_final && !follows_redirect()) {
    head_.complete();
    make_dirty();
  }
}

/// @returns what libcurl's callback has to return.
std::size_t curl_response::take(std::string_view bytes) {
  if (forgoes_rest_ || follows_redirect())
    return bytes.size();
  if (head_.is_coded()) {
    // If libcurl paused now, it would decode the rest of its read into memory of its own, without a
    // limit.
    is_too_long_ = window_.room() < -most_decoded;
    if (is_too_long_)
      return 0;
  } else if (pause_if_full()) {
    return CURL_WRITEFUNC_PAUSE;
  }
  window_.use(bytes.size());
  make_dirty();
  bytes_.append(bytes);
  last_byte_ = clock::now();
  return bytes.size();
}

bool curl_response::pause_if_full() {
  if (!window_.pause_if_full())
    return false;
  counts_.credit_stalls.Increment();
  return true;
}

/// Lists this, so that `flush` is called once the batch of socket events is over.
void curl_response::make_dirty() {
  if (!forgoes_rest_ && !std::exchange(is_listed_, true))
    dirty_->push_back(this);
}

// -- to the reader -------------------------------------------------------------------------------

void curl_response::flush() {
  is_listed_ = false;
  hand_on();
  // Stops libcurl from reading more of a coded body until there is room.
  if (!reader_.has_dropped() && head_.is_coded() && !window_.is_paused() && pause_if_full())
    curl_easy_pause(easy_, pauses());
}

void curl_response::hand_on() {
  if (head_.is_complete())
    send_head();
  if (bytes_.empty())
    return;
  send_head();
  auto data = reader_.event(transfer_event::kind::data);
  data.bytes.swap(bytes_);
  reader_.send(data);
  // If the reader did not move from the bytes, their memory is used for the next ones.
  if (data.bytes.capacity() <= most_kept) {
    bytes_.swap(data.bytes);
    bytes_.clear();
  }
}

void curl_response::send_head() {
  if (std::exchange(head_sent_, true))
    return;
  auto head = reader_.event(transfer_event::kind::head);
  head_.write(head, status_of(easy_), request_.call().url);
  reader_.send(head);
}

void curl_response::finish(transfer_failure failure) {
  hand_on();
  if (failure == transfer_failure::none || failure == transfer_failure::undecodable)
    send_head();
  reader_.send_end(failure);
}

std::string curl_response::take_redirect() {
  head_.restart();
  last_byte_ = clock::time_point{};
  return *std::exchange(next_url_, std::nullopt);
}

// -- pauses --------------------------------------------------------------------------------------

void curl_response::resume() {
  window_.resume();
  last_byte_ = clock::now();
  curl_easy_pause(easy_, pauses());
}

int curl_response::pauses() const noexcept {
  return (window_.is_paused() ? CURLPAUSE_RECV : 0) | (request_.is_paused() ? CURLPAUSE_SEND : 0);
}

void curl_response::forgo_rest() {
  forgoes_rest_ = true;
  if (window_.is_paused())
    curl_easy_pause(easy_, CURLPAUSE_CONT);
}

} // namespace nekod::http
