#pragma once

#include "protocol/chat/deltas.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/chat/request.hpp"
#include "protocol/result.hpp"

#include <string>
#include <string_view>

/// Answers of an OpenAI-compatible server in one piece. Missing roles, finish reasons and ids of
/// calls are filled in. What clients could not read is converted to OpenAI's form: content in
/// parts, arguments that are not text, numbers that JSON does not have. Any other answer is passed
/// on in its own bytes.
namespace nekod::openai {

/// An answer in one piece.
struct whole_answer {
  /// All members except those that nekod writes.
  std::string members;
  /// The message of the first choice.
  chat::message said;
};

/// Reads an answer in one piece, which `data: [DONE]` may follow. It is a failure if there is no
/// choice, if the first choice has no message, or if the answer reports an error.
result<whole_answer, chat::failure> parse_whole_answer(std::string_view body);

/// A whole answer for a client that asked for a stream.
struct streamed_answer {
  /// The members of the chunks that may be sent at once.
  deltas chunks{deltas::form::members};
  /// Those that end the answer.
  deltas rest{deltas::form::members};
};

/// Makes a stream of *answer*.
/// @param usage Whether the client asked for usage.
streamed_answer streamed(const whole_answer& answer, bool usage);

} // namespace nekod::openai
