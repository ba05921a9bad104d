#pragma once

#include "protocol/chat/request.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <string>

namespace nekod::openai {

/// Parses and checks the body of a chat request. Unknown fields are accepted and ignored, and so is
/// null wherever the specification or a known client allows it. Checks types, ranges, the number of
/// messages (before reading them), and that there is a user message with text.
/// @param max_messages Of parts there may be four times as many.
/// @returns the request, or the first fault that makes it unusable, with the field's name. Other
///          faults become the request's objection.
result<chat::request, chat::failure> parse_chat_request(std::string body, std::size_t max_messages);

} // namespace nekod::openai
