#include "http/client/curl/curl_request.hpp"

#include "http/client/proxy_rules.hpp"

#include <algorithm>
#include <utility>

namespace nekod::http {

namespace {

/// The most bytes that libcurl reads at once. libcurl 7.88 mixes up streams if this is less than a
/// frame of HTTP/2. It allocates one byte more, and the allocator caches buffers up to 32 KiB.
constexpr long read_size = (32 << 10) - 1;

/// The most bytes that libcurl sends at once: the least value that it allows.
constexpr long write_size = 16 << 10;

} // namespace

curl_request::curl_request(CURL* easy, http_call call, const client_options& options)
    : easy_(easy), call_(std::move(call)) {
  set_up_address();
  set_up_connection(options);
  set_up_fields();
  if (call_.passes)
    set_up_passing();
  if (call_.source)
    set_up_source();
  else if ((call_.method != "GET" && call_.method != "HEAD") || !call_.body.empty())
    set_up_body();
}

void curl_request::set_up_address() {
  curl_easy_setopt(easy_, CURLOPT_URL, call_.url.c_str());
  // Given only the text, libcurl would parse it and then rebuild it byte by byte.
  if (curl_url_set(parts_.get(), CURLUPART_URL, call_.url.c_str(), 0) == CURLUE_OK)
    curl_easy_setopt(easy_, CURLOPT_CURLU, parts_.get());
}

/// Sets limits, buffers, the proxy, and the version of HTTP.
void curl_request::set_up_connection(const client_options& options) {
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, read_size);
  // By default each call that sends a body keeps 64 KiB for it until it ends.
  curl_easy_setopt(easy_, CURLOPT_UPLOAD_BUFFERSIZE, write_size);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(call_.limits.connect.count()));
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(call_.limits.whole.count()));
  if (options.direct) {
    curl_easy_setopt(easy_, CURLOPT_NOPROXY, "*");
  } else if (options.proxy.empty()) {
    static const auto direct = std::string{hosts_of_this_machine} + "," + hosts_without_proxy();
    curl_easy_setopt(easy_, CURLOPT_NOPROXY, direct.c_str());
  } else {
    curl_easy_setopt(easy_, CURLOPT_PROXY, options.proxy.c_str());
    curl_easy_setopt(easy_, CURLOPT_NOPROXY, hosts_without_proxy().c_str());
  }
  if (!options.authorities.empty())
    curl_easy_setopt(easy_, CURLOPT_CAINFO, options.authorities.c_str());
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION,
                   long{options.multiplexed ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1});
  // A call that starts while a connection is being made waits for it, and shares it if that has
  // HTTP/2.
  if (options.multiplexed && call_.url.rfind("https:", 0) == 0)
    curl_easy_setopt(easy_, CURLOPT_PIPEWAIT, 1L);
}

void curl_request::set_up_fields() {
  auto add = [this](std::string line, const std::string& value) {
    line += ": ";
    line += value;
    if (auto* list = curl_slist_append(fields_.get(), line.c_str())) {
      (void)fields_.release();
      fields_.reset(list);
    }
  };
  for (const auto& [name, value] : call_.headers)
    add(name, value);
  // Otherwise libcurl would wait a second for a `100 Continue` that few servers send.
  add("Expect", "");
  std::exchange(call_.headers, {}); // They are in libcurl's list now.
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, fields_.get());
  // Asks for no content coding, and decodes those that servers use nevertheless.
  curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, "identity");
}

void curl_request::set_up_body() {
  curl_easy_setopt(easy_, CURLOPT_POST, 1L);
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, call_.method.c_str());
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.body.size()));
  // With a callback, head and body would not be sent together.
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, call_.body.data());
  if (!call_.repeatable)
    refuse_repeats();
}

/// libcurl pulls the body as fast as it can send it, with its length or in chunks.
void curl_request::set_up_source() {
  curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, call_.method.c_str());
  if (auto length = call_.source->length())
    curl_easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*length));
  curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &curl_request::give_body);
  curl_easy_setopt(easy_, CURLOPT_READDATA, this);
  refuse_repeats();
}

void curl_request::set_up_passing() {
  // The client names the codings that it accepts, and decodes them.
  curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, nullptr);
  curl_easy_setopt(easy_, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  // The answer of a proxy to `CONNECT` is not part of the server's answer.
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (call_.method == "HEAD")
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
}

void curl_request::follow_redirect(std::string url) {
  ++redirects_;
  redirected_ = true;
  sent_before_connecting_.reset();
  call_.url = std::move(url);
  set_up_address();
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - started_);
  const auto left = std::max(call_.limits.whole - spent, std::chrono::milliseconds{1});
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
}

// -- the body ------------------------------------------------------------------------------------

std::size_t curl_request::give_body(char* to, std::size_t size, std::size_t n, void* self) {
  auto& request = *static_cast<curl_request*>(self);
  auto piece = request.call_.source->read(to, size * n, request.more_to_send_);
  switch (piece.how) {
  case body_source::state::more:
    request.last_sent_ = clock::now();
    return piece.size;
  case body_source::state::waiting:
    request.paused_ = true;
    return CURL_READFUNC_PAUSE;
  case body_source::state::ended:
    return 0;
  case body_source::state::broken:
    break;
  }
  return CURL_READFUNC_ABORT;
}

bool curl_request::resume() {
  if (!std::exchange(paused_, false))
    return false;
  last_sent_ = clock::now();
  return true;
}

// -- sending once --------------------------------------------------------------------------------

/// When a pooled connection breaks during a request, libcurl sends the request again. This prevents
/// it if the request may have arrived.
void curl_request::refuse_repeats() {
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &curl_request::allow_sending);
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy_, CURLOPT_SOCKOPTFUNCTION, &curl_request::connecting);
  curl_easy_setopt(easy_, CURLOPT_SOCKOPTDATA, this);
}

long curl_request::bytes_sent() const {
  long sent = 0;
  curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &sent);
  return sent;
}

/// libcurl counts a `CONNECT` to a proxy as bytes sent, although they are not part of the request.
int curl_request::connecting(void* self, curl_socket_t, curlsocktype) {
  auto& request = *static_cast<curl_request*>(self);
  request.sent_before_connecting_ = request.bytes_sent();
  return CURL_SOCKOPT_OK;
}

int curl_request::allow_sending(void* self, char*, char*, int, int) {
  auto& request = *static_cast<curl_request*>(self);
  auto before_connecting = std::exchange(request.sent_before_connecting_, std::nullopt);
  auto sent = before_connecting.value_or(request.bytes_sent());
  if (std::exchange(request.redirected_, false))
    request.sent_elsewhere_ = sent;
  return sent == request.sent_elsewhere_ ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

} // namespace nekod::http
