#pragma once

#include "bench/simulator/state.hpp"
#include "http/server/message/exchange.hpp"

#include <string_view>

namespace nekod::sim {

/// The prefix of the paths that control the simulator.
inline constexpr std::string_view steering_prefix = "/sim/";

/// Answers a call that controls or inspects the simulator.
void answer_steering_call(state& s, http::exchange& x);

} // namespace nekod::sim
