#pragma once

#include "protocol/openai/chat/request.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nekod {

/// Bytes a session remembers of its conversation, the messages' own size included.
inline constexpr std::size_t max_transcript_bytes = 64u << 10;

/// Bytes of text that may go before a new chat's first message.
inline constexpr std::size_t max_preamble_bytes = 32u << 10;

/// Appends a message to *transcript*; an empty one is left out, and one that is longer than all may
/// be is cut.
void append(std::vector<openai::message>& transcript, openai::role speaker, std::string text);

/// Drops the oldest messages of a transcript that is larger than the limit; then further ones,
/// though not the newest two, until a quarter of the limit is free. If each turn dropped just what
/// it has to, all others would change their places each time, and be written anew. The prompt at
/// the beginning stays, unless it leaves no room by itself.
void keep_newest(std::vector<openai::message>& transcript,
                 std::size_t limit = max_transcript_bytes);

/// The text of *messages*, the new part of a request, as one message of a chat: a single text as it
/// is; of several, each behind a blank line and with its speaker's label, but for the user's.
std::string said_together(const std::vector<openai::message>& messages);

/// The first message for a chat that knows nothing yet: what the speakers before said, labelled, as
/// plain text, then *text*. System and developer prompts are kept first; then the newest turns,
/// each whole, as far as the limit allows. Where there is nothing to tell, *text* alone.
std::string with_preamble(const std::vector<openai::message>& earlier, const std::string& text,
                          std::size_t limit = max_preamble_bytes);

/// Whether *told*, a chat's message, has *text* as what is new in it: alone, or behind a preamble.
bool tells(std::string_view told, std::string_view text);

} // namespace nekod
