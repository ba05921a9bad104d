#pragma once

#include "protocol/chat/answer_limits.hpp"
#include "protocol/openai/chat/retries.hpp"
#include "protocol/openai/errors.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The body of `POST /v1/chat/completions`: OpenAI's `CreateChatCompletionRequest`.
namespace nekod::openai {

/// Who speaks in a message.
enum class role : std::uint8_t { system, developer, user, assistant, tool, function };

/// The role's word on the wire.
std::string_view name_of(role r) noexcept;

/// The role of that word.
std::optional<role> role_named(std::string_view name) noexcept;

/// One message. A chat service of plain text is told its text alone.
struct message {
  message() = default;
  message(role s, std::string t) : speaker(s), text(std::move(t)) {}

  role speaker = role::user;
  /// The content: a string as it came, or the text parts joined by LF. UTF-8; may be empty.
  std::string text;
  /// What it says beside its text, such as calls of tools, in one form however it was written;
  /// empty for most.
  std::string more;
  /// In a conversation that is kept whole: the message as its sender wrote it, where that is not
  /// just role and text.
  std::string json;
};

/// What a client asked for, checked.
struct chat_request {
  chat_request() = default;

  /// The model's name as the client wrote it; empty lets the gateway choose.
  std::string model;
  std::vector<message> messages;
  bool stream = false;
  /// `stream_options.include_usage`: a chunk with usage before the end.
  bool include_usage = false;
  /// `n`: how many answers are wanted, 1 to 128.
  std::uint32_t choices = 1;
  /// Where each of them has to end.
  answer_limits limits;
  /// The conversation the client names; empty for none.
  std::string session_id;
  /// The `X-Session-Id` of its header, which names a session that there is, and is a scope else;
  /// empty for none.
  std::string session_header;
  /// What its header fields tell of its being sent more than once.
  openai::retries retries;
  /// The nekods that it came through, as `X-Nekod-Via` names them.
  std::string passed;
  /// Parameters that only tune an answer and were checked, such as `temperature`: an upstream that
  /// cannot obey them ignores them and says so.
  std::vector<std::string> tuning;
  /// Fields that an upstream must understand or refuse, such as `tools` or
  /// `messages[0].content[1]`.
  std::vector<std::string> demands;
  /// The first fault in what only the upstream has to understand, such as a temperature out of
  /// range: one that reads requests itself is left to judge it, for others the request is refused.
  std::optional<error> objection;
  /// The body as it came.
  std::string body;
};

/// The index in `messages` of the newest user message. A request without any has an objection; it
/// has the number of messages here.
std::size_t newest_user_message(const chat_request& r) noexcept;

/// The form of a session's name, in words.
inline constexpr std::string_view session_id_form =
    "expected 1 to 128 characters of A-Z a-z 0-9 _ . : -";

/// Whether *id* can name a session: 1 to 128 characters of `A-Z a-z 0-9 _ . : -`.
bool valid_session_id(std::string_view id) noexcept;

/// Messages of a request, unless it is told otherwise; of parts there may be four times as many.
inline constexpr std::size_t most_messages = 10'000;

/// Parses and checks a body. Unknown fields are taken and ignored, and so is null wherever the
/// specification or a known client has it. Types, ranges and the presence of a user message with
/// text are checked, and how many messages there are before they are read.
/// @returns the first fault that leaves nothing to go by, with the field's name; others are the
///          request's objection.
result<chat_request, error> parse_chat_request(std::string body,
                                               std::size_t max_messages = most_messages);

} // namespace nekod::openai
