#pragma once

#include "http/server/message/exchange.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Which pages in a browser may use a server that wants no keys. Pure.
///
/// Any page may have its visitor's browser send requests to this machine or its network. What gives
/// it away is the request's `Origin`, or `Sec-Fetch-Site`, which pages cannot set. A page whose own
/// host name was pointed at this server ("DNS rebinding") has the same origin as its requests, so
/// that only the name in `Host` tells.
namespace nekod::http {

/// Host names as lines of settings have them: `chat.example.com`, `*.example.com`, or `*` for any;
/// by comma, without ports. The error is a sentence that quotes the part at fault.
result<std::vector<std::string>, std::string> parse_allowed_hosts(std::string_view text);

/// Origins of pages: `https://chat.example.com:8443`, or `*` for any; by comma. The error is a
/// sentence that quotes the part at fault.
result<std::vector<std::string>, std::string> parse_cors_origins(std::string_view text);

/// Where a request comes from, as far as its fields tell.
enum class request_source : std::uint8_t {
  /// No page: a program, or a visitor who entered the address.
  program,
  /// A page of this server or of this machine, or one that is allowed.
  known_page,
  /// Any other page.
  foreign_page,
  /// An image, a script or the like of another page, which may not even read the answer.
  foreign_element,
  /// It is addressed to a name that is not allowed.
  unknown_host,
};

/// What is allowed besides addresses, this machine's names and pages of this machine.
class origin_rules {
public:
  origin_rules() = default;

  /// @param hosts As `parse_allowed_hosts` has them.
  /// @param origins As `parse_cors_origins` has them.
  /// @param machine This machine's name.
  origin_rules(std::vector<std::string> hosts, std::vector<std::string> origins,
               std::string_view machine);

  /// Whether pages are allowed by name: others get nothing then.
  bool names_origins() const noexcept { return !origins_.empty(); }

  /// Judges *r* by its target and its fields `Host`, `Origin` and `Sec-Fetch-*`.
  request_source source_of(const request& r) const;

  /// Whether *host*, the value of a `Host` field, names this server: an address, `localhost` or a
  /// name below it, a name without a dot, this machine's name, or one that is allowed.
  bool knows_host(std::string_view host) const;

  /// Whether *origin* is that of *host*, of a page of this machine, or allowed. `null` is not.
  bool knows_origin(std::string_view origin, std::string_view host) const;

private:
  std::vector<std::string> hosts_;
  std::vector<std::string> origins_;
  std::string machine_;
};

} // namespace nekod::http
