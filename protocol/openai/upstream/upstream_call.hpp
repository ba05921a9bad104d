#pragma once

#include "protocol/openai/chat/request.hpp"

#include <string>
#include <string_view>

/// What an OpenAI-compatible server is asked.
namespace nekod::openai {

/// The body of a call to `/chat/completions`: what *r* asked for, known to us or not, as it was
/// written; but with another model and other messages, and without what is between us and our
/// client.
/// @param messages A JSON array.
std::string upstream_body(const chat_request& r, std::string_view model, std::string_view messages);

} // namespace nekod::openai
