#pragma once

namespace nekod::http {

struct request_context;

/// `POST /v1/responses/compact`: a conversation as one compaction item. It can be told in the place
/// of the conversation for as long as a response is kept; no model is asked, and nothing is lost.
void compact_conversation(const request_context& c);

} // namespace nekod::http
