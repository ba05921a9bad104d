#pragma once

#include "protocol/openai/chat/request.hpp"

#include <string>
#include <string_view>
#include <vector>

/// A conversation as it is stored, and as a service that remembers nothing is told it:
/// `[{"role":"user","content":"..."},...]`, each message as its sender wrote it.
namespace nekod::openai {

std::string transcript_json(const std::vector<message>& transcript);

/// Reads what `transcript_json` wrote. What is nothing of the kind is an empty conversation, and an
/// entry that is no message is left out.
std::vector<message> parse_transcript(std::string_view text);

} // namespace nekod::openai
