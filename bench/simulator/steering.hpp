#pragma once

#include "bench/simulator/state.hpp"
#include "http/server/message/exchange.hpp"

#include <string_view>

namespace nekod::sim {

/// What the paths begin with that steer the simulator.
inline constexpr std::string_view steering_prefix = "/sim/";

/// Answers a call that steers the simulator or looks into it.
void answer_steering_call(state& s, http::exchange& x);

} // namespace nekod::sim
