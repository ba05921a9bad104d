#pragma once

#include "actors/session/answer_keeper.hpp"
#include "protocol/openai/responses/item.hpp"
#include "protocol/openai/responses/request/create_request.hpp"

#include <chrono>
#include <memory>
#include <vector>

namespace nekod::http {

/// Keeps the answer to *asked* as a response, with the ids and the text that its writer tells.
/// @param input The new items of the request, each with its id.
/// @param age How long it is kept; zero for ever.
std::shared_ptr<const answer_keeper>
make_response_keeper(std::shared_ptr<const openai::responses::create_request> asked,
                     std::vector<openai::responses::item> input, std::chrono::seconds age);

} // namespace nekod::http
