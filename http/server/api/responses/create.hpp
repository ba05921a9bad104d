#pragma once

namespace nekod::http {

struct request_context;

/// `POST /v1/responses`: checks the request, asks the store for the response that it follows and
/// for the items that it refers to, and asks for a turn. A request that follows a stored response
/// continues its session, or branches; any other continues the session whose conversation the
/// input contains.
void create_response(const request_context& c);

} // namespace nekod::http
