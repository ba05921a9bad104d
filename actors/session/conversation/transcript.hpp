#pragma once

#include "protocol/chat/request.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nekod {

/// Bytes that a session remembers of its conversation, including the size of each `message`.
inline constexpr std::size_t max_transcript_bytes = 64u << 10;

/// Bytes of text that may go before a new chat's first message: more than a session remembers, for
/// clients that tell the conversation, and as much as a model is likely to read.
inline constexpr std::size_t max_preamble_bytes = 512u << 10;

/// Appends a message to *transcript*. An empty message is left out. One that alone is longer than a
/// transcript may be is cut.
void append(std::vector<chat::message>& transcript, chat::message m);

/// Drops the oldest messages of a transcript that is larger than the limit; then further ones, but
/// not the newest two, until a quarter of the limit is free. If each turn dropped only as much as
/// it must, all others would move each time, and the store would have to write them all. The prompt
/// at the beginning stays, unless it alone leaves no room.
void keep_newest(std::vector<chat::message>& transcript, std::size_t limit = max_transcript_bytes);

/// The text of *messages*, the new part of a request, as one message of a chat: a single text as it
/// is; several separated by blank lines, each with its speaker's label unless the user says it.
std::string said_together(const std::vector<chat::message>& messages);

/// The first message for a chat that knows nothing yet: the *earlier* messages with the labels of
/// their speakers, then *text*. Within the limit, system and developer prompts come first, then as
/// many of the newest messages as fit, each whole. Without any, *text* alone.
std::string with_preamble(const std::vector<chat::message>& earlier, const std::string& text,
                          std::size_t limit = max_preamble_bytes);

/// Whether *told*, a chat's message, has *text* as its new part: alone, or after a preamble.
bool tells(std::string_view told, std::string_view text);

} // namespace nekod
