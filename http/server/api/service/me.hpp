#pragma once

namespace nekod::http {

struct request_context;

/// `GET /me`: what the caller's key is, what it may do, and what is left of its limits.
void answer_me(const request_context& c);

} // namespace nekod::http
