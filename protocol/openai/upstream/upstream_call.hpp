#pragma once

#include "protocol/chat/request.hpp"

#include <string>
#include <string_view>

/// Requests to an OpenAI-compatible server.
namespace nekod::openai {

/// The body of a call to `/chat/completions`: everything that *r* asked for, known or unknown, as
/// written, but with another model and other messages, and without the fields addressed to nekod.
/// @param messages A JSON array.
std::string upstream_body(const chat::request& r, std::string_view model,
                          std::string_view messages);

} // namespace nekod::openai
