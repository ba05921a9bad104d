#pragma once

#include "protocol/chat/request.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Messages with everything that their senders wrote, for upstreams that get whole conversations.
namespace nekod::openai {

/// The array of messages as written in the body of *r*.
std::string_view messages_span(const chat::request& r);

/// The messages as written in the body of *r*, one for each of `r.messages`.
std::vector<std::string_view> message_spans(const chat::request& r);

/// A message for a conversation, made of *m* and of *span*, its written form.
chat::message kept_message(const chat::message& m, std::string_view span);

/// Reads a message for a conversation.
/// @returns nothing if *text* is not a message.
std::optional<chat::message> parse_message(std::string_view text);

/// Appends a message as JSON: as its sender wrote it, if that is known.
void append_message(std::string& out, const chat::message& m);

/// The text of an answer after *prefill*: some servers repeat the prefill, others send only what
/// follows it.
std::string with_prefill(std::string_view prefill, std::string_view text);

/// The message that replaces *prefill* and its *answer*. If the prefill has tool calls, no text can
/// continue it, and the answer alone replaces it.
chat::message with_prefill(const chat::message& prefill, chat::message answer);

} // namespace nekod::openai
