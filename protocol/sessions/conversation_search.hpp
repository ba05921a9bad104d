#pragma once

#include "protocol/chat/message.hpp"

#include <span>
#include <string>
#include <string_view>

/// The search in what was said. Pure.
namespace nekod {

/// *text* in lower case, to compare it: ASCII, Latin with accents, Greek, Cyrillic and Armenian
/// letters, one by one. Others stay. UTF-8.
std::string folded(std::string_view text);

/// Whether *words* are somewhere in a conversation.
/// @param messages Those of the conversation. Their texts count, of all speakers.
/// @param metadata A JSON object as in `session_record`, of which the values count: clients keep
///                 titles there.
/// @param words In lower case, as `folded` makes them.
bool says(std::span<const chat::message> messages, std::string_view metadata,
          std::string_view words);

} // namespace nekod
