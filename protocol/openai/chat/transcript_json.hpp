#pragma once

#include "protocol/chat/request.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// A conversation as it is stored, and as it is sent to a service that remembers nothing:
/// `[{"role":"user","content":"..."},...]`, each message as its sender wrote it.
namespace nekod::openai {

std::string transcript_json(const std::vector<chat::message>& transcript);

/// The same of a conversation in two parts.
std::string transcript_json(std::span<const chat::message> earlier,
                            std::span<const chat::message> later);

/// Reads what `transcript_json` wrote. Any other text is an empty conversation, and an entry that
/// is not a message is skipped.
std::vector<chat::message> parse_transcript(std::string_view text);

} // namespace nekod::openai
