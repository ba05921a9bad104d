#pragma once

#include "protocol/openai/chat/request.hpp"

#include <cstddef>
#include <vector>

/// How the messages of a request divide into a conversation so far and a new part. Messages that
/// say nothing (`says_something`) do not count.
namespace nekod::openai {

/// The places where the parts begin, as indices into the messages:
///
///     instructions | conversation so far | new part | prefill
struct message_layout {
  /// Behind the system and developer messages at the beginning: the prompt.
  std::size_t instructions = 0;
  /// The new part: all behind the last answer; behind the prompt where there is no answer.
  std::size_t fresh = 0;
  /// An assistant message at the end, with which the answer is to begin; the number of messages
  /// where there is none.
  std::size_t prefill = 0;
  /// Whether an assistant message is among them: then the request tells a conversation, and else
  /// only what is new.
  bool tells_conversation = false;
  /// Whether an answer stands before the new part.
  bool has_answer = false;
  /// Whether the new part has a message of the user's, or of a tool's. One of instructions alone
  /// asks about the conversation.
  bool asks = false;
};

/// Divides *messages*.
message_layout layout_of(const std::vector<message>& messages) noexcept;

/// Whether a message is a system or developer message.
bool instructs(const message& m) noexcept;

} // namespace nekod::openai
