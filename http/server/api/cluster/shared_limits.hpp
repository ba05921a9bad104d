#pragma once

#include "actors/messages.hpp"
#include "http/server/gate/limit_request.hpp"
#include "protocol/chat/failure.hpp"

#include <prometheus/counter.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>

namespace nekod::http {

struct request_context;

/// How the nodes that share a store count the requests of a caller together.
struct shared_limits {
  limits_actor all;
  /// Counts the requests that this node decided alone, since there was no answer.
  prometheus::Counter* decided_alone = nullptr;
  /// How long a request waits for an answer.
  std::chrono::milliseconds patience{1000};
  /// How many requests wait for one, and how many may.
  mutable std::atomic<std::size_t> waiting{0};
  std::size_t most_waiting = 1024;
};

/// Asks whether a request that this node would let pass may pass where all nodes count together. If
/// nobody answers in time, or too many wait, it may. Where nobody counts together, it may at once.
/// @param then Called once, with the refusal if there is one: on the connection's loop, or at once.
/// Not called if the program ends meanwhile.
void ask_all_nodes(const request_context& c, limit_request q,
                   const std::function<void(const std::optional<chat::failure>&)>& then);

/// Tells what a chat that has passed takes further, or gives back, as this node has decided.
void tell_all_nodes(const shared_limits& limits, limit_request q);

} // namespace nekod::http
