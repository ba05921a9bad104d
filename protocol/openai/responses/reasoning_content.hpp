#pragma once

#include <optional>
#include <string>
#include <string_view>

/// The `encrypted_content` of reasoning items: the whole reasoning, for clients that send items
/// back but drop the texts of reasoning. It is not secret, only opaque.
namespace nekod::openai::responses {

/// @param escaped The text as it stands in a JSON string, without the quotes.
std::string sealed_reasoning(std::string_view escaped);

/// The text, UTF-8; nothing if *content* was made by another service.
std::optional<std::string> opened_reasoning(std::string_view content);

} // namespace nekod::openai::responses
