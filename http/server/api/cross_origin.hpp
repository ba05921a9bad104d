#pragma once

#include "http/server/gate/admission.hpp"
#include "http/server/message/exchange.hpp"
#include "protocol/chat/failure.hpp"

#include <optional>

/// The rules for requests that browsers send for pages of other origins.
namespace nekod::http {

struct endpoint;
struct request_context;

/// The refusal of *r* because of the page it comes from, or the host name it was sent to; nothing
/// if they are allowed.
/// @param where Null for an unknown path.
std::optional<chat::failure> origin_refusal(const admission& gate, request_source source,
                                            const endpoint* where, const request& r);

/// Header fields that tell browsers which pages may read the answer.
/// @param refused Whether `origin_refusal` refused the request.
fields origin_fields(const admission& gate, request_source source, const request& r, bool refused);

/// Answers the request that a browser sends before the real one (CORS preflight), if it was not
/// refused.
void answer_preflight(const request_context& c);

} // namespace nekod::http
