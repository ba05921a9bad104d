#pragma once

#include "http/server/message/exchange.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace nekod::http {

/// A request as far as its blank line, and how long what follows is.
struct request_head {
  request what;
  /// Whether the body comes in chunks; else it has *content_length* bytes.
  bool chunked = false;
  std::uint64_t content_length = 0;
  /// Whether the client waits for a word before it sends the body.
  bool expects_continue = false;
};

/// Whether *c* may stand in a method or in a field's name.
bool is_token_character(char c) noexcept;

/// Reads a head, its blank line included, by the letter of RFC 9112: what two servers could take
/// for two requests is none.
/// @returns nothing where it is no head.
std::optional<request_head> parse_request_head(std::string_view text);

} // namespace nekod::http
