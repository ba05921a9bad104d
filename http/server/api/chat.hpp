#pragma once

namespace nekod::http {

struct request_context;

/// `POST /v1/chat/completions`: checks the request, and sends it to the registry with the reply
/// that will write its answer.
void answer_chat(const request_context& c);

} // namespace nekod::http
