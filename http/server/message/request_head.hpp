#pragma once

#include "http/server/message/exchange.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace nekod::http {

/// A request up to its blank line, and the length of what follows.
struct request_head {
  request what;
  /// Whether the body is chunked; otherwise it has *content_length* bytes.
  bool chunked = false;
  std::uint64_t content_length = 0;
  /// Whether the client waits for "100 Continue" before it sends the body.
  bool expects_continue = false;
};

/// Whether *c* is allowed in a method or in a field's name.
bool is_token_character(char c) noexcept;

/// Parses a head including its blank line, by the letter of RFC 9112: anything that two servers
/// could take for two requests is refused.
/// @returns nothing if it is invalid.
std::optional<request_head> parse_request_head(std::string_view text);

} // namespace nekod::http
