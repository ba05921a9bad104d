#pragma once

#include "protocol/text/sse.hpp"

#include <cstdint>

namespace nekod::openai {

/// What an event of an upstream's stream is for.
enum class stream_event : std::uint8_t {
  /// Nothing in it at all, or a line that the standard has us ignore.
  nothing,
  /// Something that is no part of the answer, such as a sign of life.
  foreign,
  /// Should be a chunk.
  chunk,
  /// Says that the answer failed.
  failure,
  /// `[DONE]`.
  done,
};

/// Tells events of a stream apart by their name and first bytes.
stream_event event_of(const sse::item& item);

} // namespace nekod::openai
