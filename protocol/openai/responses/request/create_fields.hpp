#pragma once

#include "protocol/chat/failure.hpp"
#include "protocol/openai/responses/request/create_request.hpp"
#include "protocol/text/json.hpp"

#include <optional>

namespace nekod::openai::responses {

/// Reads and checks every known member of *body* except `input`, `tools` and `tool_choice`.
/// @returns the first fault.
std::optional<chat::failure> read_fields(const json::value& body, create_request& r);

} // namespace nekod::openai::responses
