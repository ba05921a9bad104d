#pragma once

#include "protocol/text/sse.hpp"

#include <cstdint>

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

/// Classifies an event by its name and first bytes.
stream_event event_of(const sse::item& item);

} // namespace nekod::openai
