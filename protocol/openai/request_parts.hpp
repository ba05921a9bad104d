#pragma once

#include "protocol/json.hpp"
#include "protocol/openai/request.hpp"

#include <optional>

/// The two halves of reading a request's body. For `parse_chat_request` only.
namespace nekod::openai {

/// Reads every known member of *body* but `messages` into *r*.
/// @returns the first fault found.
std::optional<error> read_parameters(const json::value& body, chat_request& r);

/// Reads the `messages` of *body* into *r*.
/// @returns the first fault found.
std::optional<error> read_messages(const json::value& body, chat_request& r);

} // namespace nekod::openai
