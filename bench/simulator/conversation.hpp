#pragma once

#include "bench/simulator/state.hpp"
#include "http/server/message/exchange.hpp"

#include <optional>
#include <string_view>

/// The two calls of the service that take turns in a chat.
namespace nekod::sim {

/// Accepts a message and streams the reply.
/// @param f How the reply is to fail, if at all.
void answer_message(const state_ptr& s, http::exchange_ptr x, std::string_view chat_id,
                    std::optional<fault> f);

/// Chooses a branch of a reply.
void answer_choice(const state_ptr& s, http::exchange_ptr x);

} // namespace nekod::sim
