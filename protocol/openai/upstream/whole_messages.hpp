#pragma once

#include "protocol/openai/chat/request.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Messages with all that their senders wrote, for upstreams that are told a conversation whole.
namespace nekod::openai {

/// The array of messages of *r* as it stands in its body.
std::string_view messages_span(const chat_request& r);

/// The messages of *r* as they stand there, one for each of `r.messages`.
std::vector<std::string_view> message_spans(const chat_request& r);

/// A message that is written *span*, and that was read as *m*, to be kept.
message kept_message(const message& m, std::string_view span);

/// Reads a message that is to be kept.
/// @returns nothing where *text* is none.
std::optional<message> parse_message(std::string_view text);

/// Appends a message as JSON: as its sender wrote it, if that was kept.
void append_message(std::string& out, const message& m);

/// The text of an answer that was to begin with *prefill*: some servers tell it again, others only
/// what follows it.
std::string with_prefill(std::string_view prefill, std::string_view text);

/// The message that takes the place of *prefill* and the *answer* to it. Calls of tools in a
/// prefill are no text to go on from: then it is the answer alone.
message with_prefill(const message& prefill, message answer);

/// Whether a message says anything.
bool says_something(const message& m) noexcept;

/// Whether two messages say the same. What clients are known to change in what they send again is
/// not looked at: white space at a text's end, how JSON is written.
bool say_the_same(const message& a, const message& b) noexcept;

/// A text without the white space at its end.
std::string_view without_trailing_space(std::string_view text) noexcept;

} // namespace nekod::openai
