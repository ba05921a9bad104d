#pragma once

#include "protocol/chat/failure.hpp"
#include "protocol/openai/responses/request/create_request.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <string_view>

namespace nekod::openai::responses {

/// Parses and checks the body of `POST /v1/responses`. Unknown fields are ignored, and null counts
/// as missing.
/// @param max_items The most items in `input`; of parts there may be four times as many.
/// @returns the request, or the first fault, with the field's name. As the body is translated and
///          not passed on, there are no objections: a fault in a known field refuses the request.
result<create_request, chat::failure> parse_create_request(std::string_view body,
                                                           std::size_t max_items);

} // namespace nekod::openai::responses
