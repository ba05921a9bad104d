#pragma once

#include "protocol/chat/answer_limits.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/chat/message.hpp"
#include "protocol/chat/retries.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A request for an answer, through whatever API it came.
namespace nekod::chat {

/// Parameters of a request that came through another API than chat completions, whose servers name
/// them differently, or take them only in part.
struct server_parameters {
  server_parameters() = default;

  /// The most tokens of the answer; each server has a name for that.
  std::optional<std::uint64_t> most_tokens;
  /// The only tools that the answer may call, by their upstream names; nothing for any.
  std::optional<std::set<std::string, std::less<>>> allowed_calls;
  /// Members that only OpenAI's own servers take, each with a leading comma.
  std::string of_openai;
  /// The fields among these whose absence a client may notice: they are reported if they do not go
  /// up.
  std::vector<std::string> tuning_of_openai;
};

/// A checked request.
struct request {
  request() = default;

  /// The model's name as the client wrote it; if empty, nekod chooses one.
  std::string model;
  std::vector<message> messages;
  /// Whether the messages were made of the items of a Responses request. An assistant message at
  /// the end is no prefill then: an answer with text is another message. And where they tell what a
  /// session said, its own words are better, since items cannot hold all of them.
  bool made_of_items = false;
  bool stream = false;
  /// `stream_options.include_usage`: a chunk with usage before the end.
  bool include_usage = false;
  /// `n`: the number of wanted answers, 1 to 128.
  std::uint32_t choices = 1;
  /// The limits of each answer.
  answer_limits limits;
  /// The session that the client names in the body; empty for none.
  std::string session_id;
  /// The header field `X-Session-Id`, which names an existing session or else is a scope; empty for
  /// none.
  std::string session_header;
  /// The header fields about retries.
  nekod::chat::retries retries;
  /// The nekods that the request came through, as in `X-Nekod-Via`.
  std::string via;
  /// Checked parameters that only tune an answer, such as `temperature`. If the upstream cannot
  /// obey them, they are ignored and reported.
  std::vector<std::string> tuning;
  /// Fields that no upstream gets, although they ask for something. They are reported.
  std::vector<std::string> ignored;
  /// Fields that an upstream must support for the request to be accepted, such as `tools` or
  /// `messages[0].content[1]`.
  std::vector<std::string> demands;
  /// The first fault in something that only the upstream has to understand, such as a temperature
  /// out of range. An upstream that reads requests itself judges it; for others the request is
  /// refused.
  std::optional<failure> objection;
  /// The body, in the form of chat completions.
  std::string body;
  /// The parameters that each upstream adds to the body in its own form.
  server_parameters beside;
};

/// The index in `messages` of the newest user message; the number of messages if there is none,
/// which is an objection.
std::size_t newest_user_message(const request& r) noexcept;

/// The form of a session's name, for error texts.
inline constexpr std::string_view session_id_form =
    "expected 1 to 128 characters of A-Z a-z 0-9 _ . : -";

/// Whether *id* can name a session: 1 to 128 characters of `A-Z a-z 0-9 _ . : -`.
bool valid_session_id(std::string_view id) noexcept;

} // namespace nekod::chat
