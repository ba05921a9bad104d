#pragma once

#include "protocol/chat/failure.hpp"
#include "protocol/openai/responses/item.hpp"
#include "protocol/result.hpp"
#include "protocol/text/json.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace nekod::openai::responses {

/// Reads and checks the items that a client sends: the `input` of a request, or the `items` of a
/// conversation. A string is one user message. Items of types that are not known are accepted.
/// @param place The field's name, for failures such as `input[5].call_id`.
/// @param most The most items; of parts there may be four times as many.
result<std::vector<item>, chat::failure> read_items(const json::value& items,
                                                    const std::string& place, std::size_t most);

/// Reads and checks one item.
result<item, chat::failure> read_item(const json::value& v, const std::string& place);

} // namespace nekod::openai::responses
