#pragma once

#include "http/server/message/exchange.hpp"
#include "protocol/text/language.hpp"

namespace nekod::http {

/// Answers a request while nekod waits for its store before its first turn: nekod lives, but is not
/// ready, and whatever else is asked is refused with 503 `store_unavailable` and `Retry-After`.
void answer_waiting(exchange& x, language lang);

} // namespace nekod::http
