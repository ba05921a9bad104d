#pragma once

#include <cstdint>
#include <string_view>

namespace nekod::openai {

/// The form of an answer, whatever the request asked for.
enum class answer_kind : std::uint8_t {
  /// Too little has arrived to decide.
  unknown,
  /// A JSON object in one piece.
  whole,
  /// Server-sent events.
  stream,
};

/// The form of an answer.
/// @param content_type The value of the header field; empty for none.
/// @param begin The first bytes of the body, as far as they have arrived.
/// @param asked The requested form, which applies if nothing else decides.
answer_kind kind_of(std::string_view content_type, std::string_view begin, answer_kind asked);

} // namespace nekod::openai
