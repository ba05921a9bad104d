#include "http/client/http_client.hpp"

#include "http/client/proxy_rules.hpp"

#include <utility>

namespace nekod::http {

http_client::http_client(event_loops& loops, const client_options& options)
    : options_(options), own_(loops, options), curl_(loops, options) {}

/// Whether our own client makes calls to *url*.
bool http_client::serves(const http_url& url) const {
  return !(url.is_secure && options_.multiplexed) && needs_no_proxy(options_, url);
}

std::unique_ptr<transfer> http_client::start(std::uint64_t number, http_call call, sink f) {
  if (!options_.only_curl)
    if (auto url = parse_http_url(call.url); url && serves(*url))
      return own_.start(number, std::move(call), std::move(*url), std::move(f));
  return curl_.start(number, std::move(call), std::move(f));
}

std::size_t http_client::open_connections() const noexcept {
  return own_.open_connections() + curl_.open_connections();
}

void http_client::stop() {
  own_.stop();
  curl_.stop();
}

} // namespace nekod::http
