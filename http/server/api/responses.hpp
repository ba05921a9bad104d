#pragma once

namespace nekod::http {

struct request_context;

/// `POST /v1/responses`: checks the request, and asks for a turn of the session whose conversation
/// the input contains. Responses are not stored: none can be fetched, or be gone on from by its id.
void answer_responses(const request_context& c);

} // namespace nekod::http
