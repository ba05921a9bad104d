#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::http {

/// The parts of an address of HTTP, as a request needs them.
struct http_url {
  /// Whether it is `https`.
  bool is_secure = false;
  /// A name or an address, without brackets, in lower case.
  std::string host;
  std::uint16_t port = 80;
  /// The value of `Host`, with the port unless it is the scheme's (RFC 9112, section 3.2).
  std::string authority;
  /// Scheme, host and port: what connections are pooled by.
  std::string origin;
  /// Path and query.
  std::string target;
};

/// The parts of *url*. Nothing if it is neither `http://` nor `https://`, or has something that
/// libcurl treats in a way of its own: credentials, a fragment, dot segments, zones, escapes in the
/// host, or characters that no URL has.
std::optional<http_url> parse_http_url(std::string_view url);

} // namespace nekod::http
