#pragma once

#include "protocol/text/sse.hpp"

#include <cstdint>
#include <string_view>

namespace nekod::openai {

/// The meaning of an event in an upstream's stream.
enum class stream_event : std::uint8_t {
  /// An empty event, or a line that the standard ignores.
  nothing,
  /// Not part of the answer, such as a keep-alive event.
  foreign,
  /// Should be a chunk.
  chunk,
  /// Reports that the answer failed.
  failure,
  /// `[DONE]`.
  done,
};

/// Classifies an event by its name and first bytes. One with a name of its own is a chunk if it has
/// choices or an error.
stream_event event_of(const sse::item& item);

/// The text of an event that reports a failure: its data, or the value of a field `error`.
std::string_view failure_text(const sse::item& item);

} // namespace nekod::openai
