#pragma once

#include "http/server/api/answer_writer.hpp"
#include "protocol/openai/chat/request.hpp"

#include <memory>

namespace nekod::http {

/// How `POST /v1/chat/completions` answers *request*: in chunks if it asks for a stream, else with
/// one `chat.completion`.
std::unique_ptr<answer_writer> make_chat_writer(const openai::chat_request& request);

} // namespace nekod::http
