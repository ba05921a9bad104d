#pragma once

#include "protocol/chat/deltas.hpp"

#include <string_view>
#include <utility>

namespace nekod::openai {

/// Decides when the chunks of a stream are passed on. Chunks without content wait for the first
/// chunk with content: without one, the answer has not begun. After a finish reason, chunks without
/// content, such as usage, wait until the stream is whole. All other chunks go on at once.
class chunk_order {
public:
  /// The contents of a chunk for a client.
  struct contents {
    /// Whether a choice has more than a role.
    bool speaks = false;
    /// Whether there is anything outside the content of the choices. Only looked at if no choice
    /// speaks.
    bool tells_more = false;
  };

  /// Takes the next chunk; appends to *out* the chunks that may go on now.
  /// @param chunk The members of the chunk.
  /// @param ending Whether a choice has had a finish reason, this chunk's included.
  void take(std::string_view chunk, contents what, bool ending, deltas& out);

  /// Whether a chunk with content was passed on.
  bool has_begun() const noexcept { return has_begun_; }

  /// The stream is whole. Appends to *out* the chunks that waited for content.
  /// @param ends The chunks with the finish reasons: the first ones of the rest.
  void finish(deltas ends, deltas& out);

  /// The chunks that were held back until the end. Empty before `finish`.
  deltas take_rest() { return std::exchange(rest_, deltas{deltas::form::members}); }

private:
  void pass_leading(deltas& out);

  /// Chunks before the first one with content.
  deltas leading_{deltas::form::members};
  /// Chunks without content after a finish reason.
  deltas behind_{deltas::form::members};
  deltas rest_{deltas::form::members};
  bool has_begun_ = false;
};

} // namespace nekod::openai
