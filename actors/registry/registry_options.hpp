#pragma once

#include "actors/messages.hpp"
#include "actors/registry/model_catalogue.hpp"
#include "actors/runtime/byte_budget.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/session/conversation_digest.hpp"
#include "actors/session/whole_conversation.hpp"
#include "actors/store/store_health.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

namespace nekod {

/// What a registry is made of.
struct registry_options {
  registry_options() = default;

  /// At least one. The first is the default.
  std::vector<routed_upstream> upstreams;
  store_actor store;
  std::shared_ptr<const store_health> health = std::make_shared<store_health>();
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
  /// As in `session_options`.
  std::shared_ptr<byte_budget> budget;
  model_aliases aliases;
  std::shared_ptr<const conversation_digest> digest;
  /// Whether a conversation is recognised if its client names no session.
  bool matching = true;
  /// Turns that may wait in one session.
  std::size_t session_queue = 16;
  /// For a stateless upstream.
  conversation_limits limits;
  /// A session leaves memory after this time without turns.
  std::chrono::seconds session_idle{60};
  /// A session is over this long after its beginning; zero for no limit.
  std::chrono::seconds session_max_age{0};
  /// As in `session_options`.
  std::size_t credit_step = 32u << 10;
  /// How long a list of models is good.
  std::chrono::seconds models_age{300};
  /// After this time an upstream that failed to list its models is asked again, if no turn waits
  /// for them.
  std::chrono::seconds models_retry{10};
  /// How long a turn waits for such a list; the upstream is asked each second then.
  std::chrono::milliseconds loading_wait{60'000};
};

} // namespace nekod
