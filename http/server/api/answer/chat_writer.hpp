#pragma once

#include "http/server/api/answer/answer_writer.hpp"
#include "protocol/chat/request.hpp"

#include <memory>

namespace nekod::http {

/// The form in which `POST /v1/chat/completions` answers *request*: chunks if it asks for a stream,
/// else one `chat.completion`.
std::unique_ptr<answer_writer> make_chat_writer(const chat::request& request);

} // namespace nekod::http
