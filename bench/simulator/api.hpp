#pragma once

#include "bench/simulator/state.hpp"
#include "http/server/message/exchange.hpp"

namespace nekod::sim {

/// Answers a call of the AnuNeko service.
void answer_api_call(const state_ptr& s, const http::exchange_ptr& x);

} // namespace nekod::sim
