#pragma once

#include "protocol/chat/deltas.hpp"
#include "protocol/openai/chat/request.hpp"
#include "protocol/openai/errors.hpp"
#include "protocol/result.hpp"

#include <string>
#include <string_view>

/// Answers of an OpenAI-compatible server that come in one piece. What servers leave out is filled
/// in: a role, a finish reason, ids of calls. What clients could not read is brought into OpenAI's
/// form: content in parts, arguments that are no text, numbers that JSON does not have. An answer
/// that needs nothing of that goes on in its bytes.
namespace nekod::openai {

/// An answer that came in one piece.
struct whole_answer {
  /// All members that we do not write.
  std::string members;
  /// What the first choice says.
  message said;
};

/// Reads an answer in one piece, behind which there may be `data: [DONE]`. One without a choice, or
/// without a message in the first, is a failure, and so is one that tells of an error.
result<whole_answer, error> parse_whole_answer(std::string_view body);

/// A whole answer for a client that asked for a stream.
struct streamed_answer {
  /// The members of the chunks that may go out at once.
  deltas chunks{deltas::form::members};
  /// Those that tell that the answer is finished.
  deltas rest{deltas::form::members};
};

/// Makes a stream of *answer*.
/// @param usage Whether the client asked for usage.
streamed_answer streamed(const whole_answer& answer, bool usage);

} // namespace nekod::openai
