#pragma once

#include "protocol/text/chunk_framing.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nekod::http {

/// Where the body of a response begins and ends in the bytes of its connection (RFC 9112, section
/// 6.3): it has a length, is chunked, or goes on until the connection closes.
class body_framing {
public:
  enum class state : std::uint8_t { more, ended, malformed };

  struct piece {
    /// Bytes of the body, within those that were given; may be empty.
    std::string_view data;
    /// The number of bytes that were read.
    std::size_t taken = 0;
    state how = state::more;
  };

  /// No body.
  body_framing() = default;

  static body_framing none() { return {}; }
  static body_framing of_length(std::uint64_t length) { return {kind::length, length}; }
  static body_framing chunked() { return {kind::chunked, 0}; }
  static body_framing until_close() { return {kind::until_close, 0}; }

  /// Whether the body is complete without any further byte.
  bool is_empty() const noexcept { return kind_ == kind::length && left_ == 0; }

  /// Whether the body's length is known.
  bool has_length() const noexcept { return kind_ == kind::length; }

  /// Whether the close of the connection ends the body.
  bool ends_by_close() const noexcept { return kind_ == kind::until_close; }

  /// Reads *bytes* up to the body's end at most; all of them, but for what follows the end.
  /// @pre *bytes* is not empty, and the body has not ended.
  piece take(std::string_view bytes);

private:
  enum class kind : std::uint8_t { length, chunked, until_close };

  body_framing(kind k, std::uint64_t length) : kind_(k), left_(length) {}

  piece take_chunk(std::string_view bytes);

  kind kind_ = kind::length;
  std::uint64_t left_ = 0;
  chunk_framing chunks_{true};
};

} // namespace nekod::http
