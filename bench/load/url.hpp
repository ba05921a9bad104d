#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nekod::load {

/// Where requests go.
struct address {
  /// Without the brackets of an IPv6 address.
  std::string host;
  std::string port;
  /// Begins with a slash, and does not end with one; or empty.
  std::string path;

  /// Host and port as they stand in a `Host` field.
  std::string authority() const;

  bool operator==(const address&) const = default;
};

/// Reads `http://HOST[:PORT][/PATH]`. Nothing else is an address here: no TLS, no user, no query.
std::optional<address> parse_url(std::string_view text);

} // namespace nekod::load
