#pragma once

#include "bench/simulator/state.hpp"
#include "http/server/message/exchange.hpp"

namespace nekod::sim {

/// Answers a call by its fault, if the fault is an answer by itself.
void answer_fault(const state_ptr& s, const fault& f, const http::exchange_ptr& x);

} // namespace nekod::sim
