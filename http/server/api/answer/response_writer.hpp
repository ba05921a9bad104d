#pragma once

#include "http/server/api/answer/answer_writer.hpp"
#include "protocol/openai/responses/request/create_request.hpp"

#include <memory>
#include <string>

namespace nekod::http {

/// The writer of an answer in the Responses API, whole or as events, as *asked* wants it.
/// @param model The model to name where a stream fails before it is known which one answers.
std::unique_ptr<answer_writer> make_response_writer(const openai::responses::create_request& asked,
                                                    const std::string& model);

} // namespace nekod::http
