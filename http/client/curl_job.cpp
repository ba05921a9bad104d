#include "http/client/curl_job.hpp"

#include "http/client/redirects.hpp"

#include <algorithm>
#include <utility>

namespace nekod::http {

namespace {

/// What one read of a coded body may be decoded to, in bytes, besides the window: libcurl decodes
/// all that it has read at once. No answer that is accepted is longer.
constexpr std::int64_t most_decoded = 16 << 20;

/// Bytes of memory that a job keeps between two deliveries.
constexpr std::size_t most_kept = 4u << 10;

} // namespace

curl_job::curl_job(std::uint64_t number, http_call call, transport::sink f, easy_pool::handle easy,
                   const client_options& options)
    : number_(number),
      sink_(std::move(f)),
      counts_(*options.counts),
      window_(options.window),
      easy_(std::move(easy)),
      request_(easy_.get(), std::move(call), options) {
  curl_easy_setopt(easy_.get(), CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_.get(), CURLOPT_HEADERFUNCTION, &curl_job::on_header);
  curl_easy_setopt(easy_.get(), CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_.get(), CURLOPT_WRITEFUNCTION, &curl_job::on_body);
  curl_easy_setopt(easy_.get(), CURLOPT_WRITEDATA, this);
  if (request_.call().passes)
    fields_ = std::make_shared<header_fields>();
}

curl_job& curl_job::of(CURL* easy) {
  char* job = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &job);
  return *reinterpret_cast<curl_job*>(job);
}

// -- libcurl's callbacks -------------------------------------------------------------------------

std::size_t curl_job::on_header(char* data, std::size_t size, std::size_t n, void* self) {
  static_cast<curl_job*>(self)->on_header_line({data, size * n});
  return size * n;
}

std::size_t curl_job::on_body(char* data, std::size_t size, std::size_t n, void* self) {
  auto& job = *static_cast<curl_job*>(self);
  auto bytes = size * n;
  // The body of a redirect that is followed is not part of the answer.
  if (job.forgoes_rest_ || job.follows_redirect())
    return bytes;
  if (!job.has_room())
    return job.too_long_ ? 0 : CURL_WRITEFUNC_PAUSE;
  job.window_.use(bytes);
  job.make_dirty();
  job.bytes_.append(data, bytes);
  job.last_byte_ = clock::now();
  return bytes;
}

/// Whether bytes can be taken; else the job is paused, or the body is too long.
bool curl_job::has_room() {
  if (is_coded()) {
    // libcurl would decode the rest of what it has read into its own memory, whatever that becomes.
    too_long_ = window_.room() < -most_decoded;
    return !too_long_;
  }
  return !pause_if_full();
}

bool curl_job::pause_if_full() {
  if (!window_.pause_if_full())
    return false;
  counts_.credit_stalls.Increment();
  return true;
}

std::uint16_t curl_job::status() const {
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  return static_cast<std::uint16_t>(status);
}

void curl_job::on_header_line(std::string_view line) {
  last_byte_ = clock::now();
  heard_.on_line(line);
  const auto may_follow = !request_.call().source && request_.redirects() < most_redirects;
  if (!heard_.location.empty() && line == "\r\n" && may_follow)
    next_url_ = redirect_to_follow(status(), request_.call().url, heard_.location);
  if (fields_)
    keep_field(line);
}

/// A response's fields, as far as they have come: those of an interim response are dropped for the
/// next one's, and trailers are no part of them.
void curl_job::keep_field(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
    line.remove_suffix(1);
  if (head_came_)
    return;
  if (line.substr(0, 5) == "HTTP/") {
    fields_->clear();
  } else if (line.empty()) {
    end_head();
  } else if (auto colon = line.find(':'); colon != std::string_view::npos) {
    auto value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    fields_->emplace_back(line.substr(0, colon), value);
  }
}

/// A head that passes does not wait for the body's first byte; nor does it where another follows.
void curl_job::end_head() {
  constexpr std::uint16_t first_final = 200;
  if (status() < first_final || follows_redirect())
    return;
  head_came_ = true;
  make_dirty();
}

/// Has `flush` called once the batch of socket events is over.
void curl_job::make_dirty() {
  if (!forgoes_rest_ && !std::exchange(listed_, true))
    dirty_->push_back(this);
}

// -- to the reader -------------------------------------------------------------------------------

transfer_event curl_job::event(transfer_event::kind what) const {
  transfer_event result;
  result.what = what;
  result.transfer = number_;
  return result;
}

void curl_job::send_head() {
  if (std::exchange(head_sent_, true))
    return;
  auto head = event(transfer_event::kind::head);
  head.status = status();
  head.retry_after = heard_.wait();
  if (is_redirect(head.status))
    head.redirect = shown_target(request_.call().url, heard_.location);
  head.content_type = heard_.content_type;
  head.content_coding = heard_.content_coding;
  head.fields = fields_;
  send(head);
}

void curl_job::flush() {
  listed_ = false;
  hand_on();
  // Has libcurl read no more of a coded body until there is room.
  if (!dropped_ && is_coded() && !window_.is_paused() && pause_if_full())
    curl_easy_pause(easy_.get(), pauses());
}

void curl_job::hand_on() {
  if (head_came_)
    send_head();
  if (bytes_.empty())
    return;
  send_head();
  auto data = event(transfer_event::kind::data);
  data.bytes.swap(bytes_);
  send(data);
  // A reader that did not move from them leaves their room for the next bytes.
  if (data.bytes.capacity() <= most_kept) {
    bytes_.swap(data.bytes);
    bytes_.clear();
  }
}

/// A reader may move from the event. It may drop its transfer at any event; then it gets no more of
/// them.
void curl_job::send(transfer_event& e) {
  if (!dropped_)
    sink_(std::move(e));
}

void curl_job::follow_redirect() {
  request_.follow_redirect(*std::exchange(next_url_, std::nullopt));
  heard_ = response_fields{};
  last_byte_ = clock::time_point{};
}

void curl_job::finish(CURLcode code) {
  auto failure = failure_of(code);
  hand_on();
  if (failure == transfer_failure::none || failure == transfer_failure::undecodable)
    send_head();
  fail(failure);
}

void curl_job::fail(transfer_failure failure) {
  auto end = event(transfer_event::kind::end);
  end.failure = failure;
  send(end);
}

transfer_failure curl_job::failure_of(CURLcode code) const {
  if (too_long_)
    return transfer_failure::too_long;
  switch (code) {
  case CURLE_OK:
    return transfer_failure::none;
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_CONNECT:
    return transfer_failure::unreachable;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_PEER_FAILED_VERIFICATION:
    return transfer_failure::untrusted;
  case CURLE_OPERATION_TIMEDOUT: {
    curl_off_t connected = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &connected);
    return connected == 0 ? transfer_failure::connect_timeout : transfer_failure::whole_timeout;
  }
  case CURLE_WEIRD_SERVER_REPLY:
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_URL_MALFORMAT:
    return transfer_failure::malformed;
  case CURLE_BAD_CONTENT_ENCODING:
    return transfer_failure::undecodable;
  default:
    return transfer_failure::cut;
  }
}

curl_job::clock::time_point curl_job::deadline() const noexcept {
  if (window_.is_paused() || request_.is_paused())
    return clock::time_point::max(); // The upstream waits for us, not we for it.
  // An upstream that takes some of the body is alive, too.
  const auto& limits = request_.call().limits;
  return silent_so_far() ? std::max(request_.started(), request_.last_sent()) + limits.first_byte
                         : std::max(last_byte_, request_.last_sent()) + limits.silence;
}

transfer_failure curl_job::lateness() const noexcept {
  return silent_so_far() ? transfer_failure::first_byte_timeout : transfer_failure::silence_timeout;
}

std::optional<curl_socket_t> curl_job::multiplexed_socket() const {
  long version = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_VERSION, &version);
  if (version != CURL_HTTP_VERSION_2 || socket_ == CURL_SOCKET_BAD)
    return std::nullopt;
  return socket_;
}

void curl_job::resume() {
  window_.resume();
  last_byte_ = clock::now();
  curl_easy_pause(easy_.get(), pauses());
}

void curl_job::resume_sending() {
  if (request_.resume())
    curl_easy_pause(easy_.get(), pauses());
}

int curl_job::pauses() const noexcept {
  return (window_.is_paused() ? CURLPAUSE_RECV : 0) | (request_.is_paused() ? CURLPAUSE_SEND : 0);
}

void curl_job::forgo_rest() {
  forgoes_rest_ = true;
  if (window_.is_paused())
    curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
}

} // namespace nekod::http
