#include "http/client/curl_job.hpp"

#include "http/client/redirects.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace nekod::http {

namespace {

/// What libcurl reads at a time, in bytes: no less than a frame of HTTP/2 has, without which
/// libcurl 7.88 mixes up streams. It allocates one more, and up to 32 KiB the allocator keeps such
/// buffers at hand.
constexpr long read_size = (32 << 10) - 1;

/// What one read of a coded body may be decoded to, in bytes, besides the window: libcurl decodes
/// all that it has read at once. No answer that is taken is longer.
constexpr std::int64_t most_decoded = 16 << 20;

/// What it sends at a time; the least that it lets one set.
constexpr long write_size = 16 << 10;

/// The environment's list, as libcurl would read it.
const std::string& hosts_without_proxy() {
  static const auto hosts = [] {
    for (const auto* name : {"no_proxy", "NO_PROXY"})
      if (const auto* value = std::getenv(name)) // Read once, before anything could write it.
        return std::string{value};
    return std::string{};
  }();
  return hosts;
}

} // namespace

curl_job::curl_job(std::uint64_t number, http_call call, transport::sink f, easy_pool::handle easy,
                   const client_options& options)
    : window(static_cast<std::int64_t>(options.window)),
      number_(number),
      call_(std::move(call)),
      sink_(std::move(f)),
      counts_(*options.counts),
      easy_(std::move(easy)) {
  set_up(options);
}

curl_job& curl_job::of(CURL* easy) {
  char* job = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &job);
  return *reinterpret_cast<curl_job*>(job);
}

void curl_job::set_up(const client_options& options) {
  auto* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_URL, call_.url.c_str());
  // Where it has a text alone, libcurl puts that together again, byte by byte, from its parts.
  if (curl_url_set(parts_.get(), CURLUPART_URL, call_.url.c_str(), 0) == CURLUE_OK)
    curl_easy_setopt(easy, CURLOPT_CURLU, parts_.get());
  set_up_way(options);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, read_size);
  // Else each call that says something keeps 64 KiB for it as long as it lasts.
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, write_size);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  // Asks for no coding, and has those decoded that come all the same.
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "identity");
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(call_.limits.connect.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(call_.limits.whole.count()));
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &curl_job::take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &curl_job::take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  auto add_header = [this](std::string line, const std::string& value) {
    line += ": ";
    line += value;
    if (auto* list = curl_slist_append(headers_.get(), line.c_str())) {
      (void)headers_.release();
      headers_.reset(list);
    }
  };
  for (const auto& [name, value] : call_.headers)
    add_header(name, value);
  // Without it libcurl would wait a second for a `100 Continue` that few servers send.
  add_header("Expect", "");
  std::exchange(call_.headers, {}); // libcurl's list has them now.
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  if (call_.passes)
    set_up_passing();
  if (call_.source)
    set_up_source();
  else if ((call_.method != "GET" && call_.method != "HEAD") || !call_.body.empty())
    set_up_body();
}

/// By which way its server is reached, and in which version of HTTP.
void curl_job::set_up_way(const client_options& options) {
  auto* easy = easy_.get();
  if (options.proxy.empty()) {
    static const auto direct = "localhost,127.0.0.1,::1," + hosts_without_proxy();
    curl_easy_setopt(easy, CURLOPT_NOPROXY, direct.c_str());
  } else {
    curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy.c_str());
    curl_easy_setopt(easy, CURLOPT_NOPROXY, hosts_without_proxy().c_str());
  }
  if (!options.authorities.empty())
    curl_easy_setopt(easy, CURLOPT_CAINFO, options.authorities.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                   long{options.multiplexed ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1});
  // Who comes while a connection is being made shares it where HTTP/2 is spoken.
  if (options.multiplexed && call_.url.rfind("https:", 0) == 0)
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
}

void curl_job::set_up_body() {
  auto* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call_.method.c_str());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.body.size()));
  // Head and body go out together, as they do not where a callback gives the body.
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call_.body.data());
  if (!call_.repeatable)
    refuse_repeats();
}

/// libcurl pulls the body as it can send it: of a known length, or in chunks.
void curl_job::set_up_source() {
  auto* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call_.method.c_str());
  if (auto length = call_.source->length())
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*length));
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, &curl_job::give_body);
  curl_easy_setopt(easy, CURLOPT_READDATA, this);
  refuse_repeats();
}

void curl_job::set_up_passing() {
  auto* easy = easy_.get();
  // The client says which codings it takes, and decodes them.
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, nullptr);
  curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  // What a proxy says before the server does is nobody's answer.
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (call_.method == "HEAD")
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  fields_ = std::make_shared<header_fields>();
}

void curl_job::refuse_repeats() {
  auto* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &curl_job::allow_sending);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &curl_job::connecting);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, this);
}

// -- libcurl's callbacks -------------------------------------------------------------------------

std::size_t curl_job::take_header(char* data, std::size_t size, std::size_t n, void* self) {
  static_cast<curl_job*>(self)->take_header_line({data, size * n});
  return size * n;
}

std::size_t curl_job::take_body(char* data, std::size_t size, std::size_t n, void* self) {
  auto& job = *static_cast<curl_job*>(self);
  auto bytes = size * n;
  // What stands beside a redirect that is followed is nobody's answer.
  if (job.forgoes_rest_ || job.follows_redirect())
    return bytes;
  if (!job.has_room())
    return job.too_long_ ? 0 : CURL_WRITEFUNC_PAUSE;
  job.window -= static_cast<std::int64_t>(bytes);
  job.make_dirty();
  job.bytes_.append(data, bytes);
  job.last_byte_ = clock::now();
  return bytes;
}

/// Whether there is room for bytes; else the job is paused, or the body is too long.
bool curl_job::has_room() {
  if (window.load() > 0)
    return true;
  if (is_coded()) {
    // libcurl would decode the rest of what it has read into its own memory, whatever that becomes.
    too_long_ = window.load() < -most_decoded;
    return !too_long_;
  }
  paused = true;
  // Room may have come between the two lines above; whoever made it did not see the pause.
  if (window.load() <= 0) {
    counts_.credit_stalls.Increment();
    return false;
  }
  paused = false;
  return true;
}

/// Has libcurl read no more of a coded body until there is room.
void curl_job::pause_if_full() {
  if (!is_coded() || paused || window.load() > 0)
    return;
  paused = true;
  if (window.load() <= 0) {
    counts_.credit_stalls.Increment();
    curl_easy_pause(easy_.get(), pauses());
  } else {
    paused = false;
  }
}

std::uint16_t curl_job::status() const {
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  return static_cast<std::uint16_t>(status);
}

std::size_t curl_job::give_body(char* to, std::size_t size, std::size_t n, void* self) {
  auto& job = *static_cast<curl_job*>(self);
  auto piece = job.call_.source->read(to, size * n, job.wake_);
  switch (piece.how) {
  case body_source::state::more:
    job.last_sent_ = clock::now();
    return piece.size;
  case body_source::state::waiting:
    job.sending_paused_ = true;
    return CURL_READFUNC_PAUSE;
  case body_source::state::ended:
    return 0;
  case body_source::state::broken:
    break;
  }
  return CURL_READFUNC_ABORT;
}

long curl_job::bytes_sent() const {
  long sent = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &sent);
  return sent;
}

/// What goes to a proxy to have it lead on counts as sent, too, and is no part of the request.
int curl_job::connecting(void* self, curl_socket_t, curlsocktype) {
  auto& job = *static_cast<curl_job*>(self);
  job.sent_before_connecting_ = job.bytes_sent();
  return CURL_SOCKOPT_OK;
}

/// When a pooled connection dies under a request, libcurl sends it again. What may have arrived
/// must not be.
int curl_job::allow_sending(void* self, char*, char*, int, int) {
  auto& job = *static_cast<curl_job*>(self);
  auto before_connecting = std::exchange(job.sent_before_connecting_, std::nullopt);
  auto sent = before_connecting.value_or(job.bytes_sent());
  if (std::exchange(job.redirected_, false))
    job.sent_elsewhere_ = sent;
  return sent == job.sent_elsewhere_ ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

void curl_job::take_header_line(std::string_view line) {
  last_byte_ = clock::now();
  heard_.take(line);
  if (!heard_.location.empty() && line == "\r\n" && !call_.source && redirects_ < most_redirects)
    next_url_ = redirect_to_follow(status(), call_.url, heard_.location);
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
  if (!std::exchange(listed_, true))
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
    head.redirect = shown_target(call_.url, heard_.location);
  head.content_type = heard_.content_type;
  head.content_coding = heard_.content_coding;
  head.fields = fields_;
  sink_(std::move(head));
}

void curl_job::flush() {
  listed_ = false;
  hand_on();
  pause_if_full();
}

void curl_job::hand_on() {
  if (head_came_)
    send_head();
  if (bytes_.empty())
    return;
  send_head();
  auto data = event(transfer_event::kind::data);
  data.bytes = std::exchange(bytes_, {});
  sink_(std::move(data));
}

void curl_job::follow_redirect() {
  ++redirects_;
  redirected_ = true;
  sent_before_connecting_.reset();
  call_.url = *std::exchange(next_url_, std::nullopt);
  heard_ = response_fields{};
  last_byte_ = clock::time_point{};
  auto* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_URL, call_.url.c_str());
  if (curl_url_set(parts_.get(), CURLUPART_URL, call_.url.c_str(), 0) == CURLUE_OK)
    curl_easy_setopt(easy, CURLOPT_CURLU, parts_.get());
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - started_);
  const auto left = std::max(call_.limits.whole - spent, std::chrono::milliseconds{1});
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
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
  sink_(std::move(end));
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
  if (paused || sending_paused_)
    return clock::time_point::max(); // We keep the upstream waiting, not it us.
  // It lives, too, while it takes some of the body.
  return silent_so_far() ? std::max(started_, last_sent_) + call_.limits.first_byte
                         : std::max(last_byte_, last_sent_) + call_.limits.silence;
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
  paused = false;
  last_byte_ = clock::now();
  curl_easy_pause(easy_.get(), pauses());
}

void curl_job::resume_sending() {
  if (!std::exchange(sending_paused_, false))
    return;
  last_sent_ = clock::now();
  curl_easy_pause(easy_.get(), pauses());
}

int curl_job::pauses() const noexcept {
  return (paused ? CURLPAUSE_RECV : 0) | (sending_paused_ ? CURLPAUSE_SEND : 0);
}

void curl_job::forgo_rest() {
  forgoes_rest_ = true;
  if (paused)
    curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
}

} // namespace nekod::http
