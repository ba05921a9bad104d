#pragma once

namespace nekod::http {

struct request_context;

/// `GET /operations?after=`: the state of nekod, its figures, and the failures after that one. For
/// admins, and for everyone if there are no keys.
void answer_operations(const request_context& c);

} // namespace nekod::http
