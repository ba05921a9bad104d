#pragma once

#include "http/server/message/exchange.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Which pages in a browser may use a server that requires no keys. Pure.
///
/// Any page can make its visitor's browser send requests to this machine or its network. The
/// request's `Origin` or `Sec-Fetch-Site`, which pages cannot set, reveal that. If a page's own
/// host name has been pointed at this server ("DNS rebinding"), the page has the same origin as its
/// requests, and only the name in `Host` reveals it.
namespace nekod::http {

/// Parses host names in settings: `chat.example.com`, `*.example.com`, or `*` for any; separated by
/// commas, without ports. The error is a sentence that quotes the invalid part.
result<std::vector<std::string>, std::string> parse_allowed_hosts(std::string_view text);

/// Parses origins of pages: `https://chat.example.com:8443`, or `*` for any; separated by commas.
/// The error is a sentence that quotes the invalid part.
result<std::vector<std::string>, std::string> parse_cors_origins(std::string_view text);

/// The source of a request, as far as its fields reveal it.
enum class request_source : std::uint8_t {
  /// Not a page: a program, or a visitor who entered the address.
  program,
  /// A page of this server or this machine, or an allowed one.
  known_page,
  /// Any other page.
  foreign_page,
  /// An image, a script or similar in another page, which cannot even read the answer.
  foreign_element,
  /// The request is addressed to a host name that is not allowed.
  unknown_host,
};

/// The hosts and origins that are allowed besides addresses, this machine's names and pages of this
/// machine.
class origin_rules {
public:
  origin_rules() = default;

  /// @param hosts The result of `parse_allowed_hosts`.
  /// @param origins The result of `parse_cors_origins`.
  /// @param machine This machine's name.
  origin_rules(std::vector<std::string> hosts, std::vector<std::string> origins,
               std::string_view machine);

  /// Whether pages are allowed by name: other pages may do nothing then.
  bool names_origins() const noexcept { return !origins_.empty(); }

  /// Judges *r* by its target and its fields `Host`, `Origin` and `Sec-Fetch-*`.
  request_source source_of(const request& r) const;

  /// Whether *host*, the value of a `Host` field, is a name of this server: an address, `localhost`
  /// or a name below it, a name without a dot, this machine's name, or an allowed one.
  bool knows_host(std::string_view host) const;

  /// Whether *origin* is that of *host*, of a page of this machine, or an allowed one. `null` is
  /// not.
  bool knows_origin(std::string_view origin, std::string_view host) const;

private:
  std::vector<std::string> hosts_;
  std::vector<std::string> origins_;
  std::string machine_;
};

} // namespace nekod::http
