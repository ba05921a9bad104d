#pragma once

#include "protocol/chat/request.hpp"

#include <cstddef>
#include <vector>

/// The division of a request's messages into the conversation so far and a new part. Messages
/// without content (`says_something`) do not count.
namespace nekod::chat {

/// Where the parts begin, as indices of messages:
///
///     instructions | conversation so far | new part | prefill
struct message_layout {
  /// The end of the system and developer messages at the beginning, which are the prompt.
  std::size_t instructions = 0;
  /// The beginning of the new part: after the last answer, or after the prompt if there is no
  /// answer.
  std::size_t fresh = 0;
  /// An assistant message at the end, with which the answer is to begin; the number of messages if
  /// there is none.
  std::size_t prefill = 0;
  /// Whether there is an assistant message: then the request tells a conversation, otherwise only
  /// what is new.
  bool tells_conversation = false;
  /// Whether there is an answer before the new part.
  bool has_answer = false;
  /// Whether the new part has a message of the user or a tool. If it has only instructions, it asks
  /// about the conversation, for a title or a summary.
  bool asks = false;
};

/// Divides *messages*.
message_layout layout_of(const std::vector<message>& messages) noexcept;

/// Whether a message is a system or developer message.
bool instructs(const message& m) noexcept;

} // namespace nekod::chat
