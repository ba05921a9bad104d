#pragma once

#include "bench/simulator/state.hpp"
#include "http/server/message/exchange.hpp"

#include <string_view>

namespace nekod::sim {

/// The prefix of the OpenAI protocol's paths.
inline constexpr std::string_view openai_prefix = "/v1";

/// Answers a call of the OpenAI protocol.
void answer_openai_call(const state_ptr& s, const http::exchange_ptr& x);

} // namespace nekod::sim
