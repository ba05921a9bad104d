#pragma once

#include "actors/messages.hpp"
#include "actors/turn.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace nekod {

/// A turn on its way to its session, and the reply that waits for it.
struct pending_turn {
  pending_turn() = default;

  turn what;
  std::string tenant;
  reply_actor reply;
  /// As in `open_turn`; used once the model is known.
  std::function<std::optional<chat::failure>(std::uint32_t)> count_further;
  /// When it stops waiting for a list of models that its upstream does not provide.
  std::chrono::steady_clock::time_point models_deadline;
};

} // namespace nekod
