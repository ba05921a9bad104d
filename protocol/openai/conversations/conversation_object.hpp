#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// The object `conversation` of OpenAI's API.
namespace nekod::openai::conversations {

/// @param id With its prefix.
/// @param created_at Seconds since the epoch.
/// @param metadata A JSON object.
std::string conversation_json(std::string_view id, std::int64_t created_at,
                              std::string_view metadata);

/// The answer to a deletion.
std::string deleted_json(std::string_view id);

} // namespace nekod::openai::conversations
