#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::http {

/// The parts of an address of plain HTTP, as a request needs them.
struct plain_url {
  /// A name or an address, without brackets, in lower case.
  std::string host;
  std::uint16_t port = 80;
  /// The value of `Host`, with the port unless it is 80 (RFC 9112, section 3.2).
  std::string authority;
  /// Host and port: what connections are pooled by.
  std::string origin;
  /// Path and query.
  std::string target;
};

/// The parts of *url*. Nothing if it is not `http://`, or has something that libcurl treats in a
/// way of its own: credentials, a fragment, dot segments, zones, escapes in the host, or
/// characters that no URL has.
std::optional<plain_url> parse_plain_url(std::string_view url);

} // namespace nekod::http
