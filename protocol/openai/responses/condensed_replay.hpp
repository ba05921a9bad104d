#pragma once

#include "protocol/openai/responses/response_object.hpp"

#include <string>
#include <string_view>

namespace nekod::openai::responses {

/// Appends a stored response that has ended as a stream: each text as one event, numbered anew from
/// 0. The items are told in their own bytes.
void append_replay(std::string& out, const response_head& head, const response_result& result);

/// The same for the response object as it is stored.
void append_replay(std::string& out, std::string_view object);

} // namespace nekod::openai::responses
