#pragma once

#include "protocol/chat/deltas.hpp"

#include <cstdint>
#include <string_view>

/// How an answer ends.
namespace nekod::chat {

/// Why an answer ended.
enum class finish_reason : std::uint8_t { stop, length, content_filter };

/// The reason's name on the wire.
std::string_view name_of(finish_reason r) noexcept;

/// Numbers of tokens; all zero if the upstream does not count tokens.
struct usage {
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
};

/// The end of an answer, which is held back until its turn is committed.
struct answer_end {
  answer_end() = default;
  answer_end(finish_reason r) : reason(r) {}

  /// For a text answer.
  finish_reason reason = finish_reason::stop;
  /// For an answer of members: the last chunks of a stream, with the finish reasons, or all of a
  /// whole answer.
  deltas rest{deltas::form::members};
  /// When its session committed it, in seconds since the epoch; 0 before.
  std::int64_t committed_at = 0;
};

} // namespace nekod::chat
