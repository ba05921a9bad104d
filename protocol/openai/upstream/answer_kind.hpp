#pragma once

#include <cstdint>
#include <string_view>

namespace nekod::openai {

/// In what form an answer comes, whatever was asked for.
enum class answer_kind : std::uint8_t {
  /// Not enough of it has come to say.
  unknown,
  /// A JSON object in one piece.
  whole,
  /// Server-sent events.
  stream,
};

/// The form of an answer.
/// @param content_type The header field's value; empty for none.
/// @param begin The body's first bytes, as many as have come.
/// @param asked The form that was asked for: taken where neither tells.
answer_kind kind_of(std::string_view content_type, std::string_view begin, answer_kind asked);

} // namespace nekod::openai
