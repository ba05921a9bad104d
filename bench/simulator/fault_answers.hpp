#pragma once

#include "bench/simulator/state.hpp"
#include "http/server/message/exchange.hpp"

namespace nekod::sim {

/// Answers a call as its fault has it, where the fault answers by itself.
void answer_fault(const state_ptr& s, const fault& f, const http::exchange_ptr& x);

} // namespace nekod::sim
