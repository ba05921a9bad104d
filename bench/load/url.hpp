#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nekod::load {

/// The address for requests.
struct address {
  /// Without the brackets of an IPv6 address.
  std::string host;
  std::string port;
  /// Begins with a slash and does not end with one; or empty.
  std::string path;
  /// Whether requests go over TLS.
  bool is_secure = false;

  /// Host and port, as in a `Host` field.
  std::string authority() const;

  bool operator==(const address&) const = default;
};

/// Parses `http://HOST[:PORT][/PATH]`, or with `https`. User names and queries are not supported.
std::optional<address> parse_url(std::string_view text);

} // namespace nekod::load
