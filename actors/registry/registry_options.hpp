#pragma once

#include "actors/messages.hpp"
#include "actors/registry/model_catalogue.hpp"
#include "actors/session/session_options.hpp"
#include "actors/store/store_health.hpp"

#include <chrono>
#include <memory>
#include <vector>

namespace nekod {

/// The parts and settings of a registry. Members without a value here must be set.
struct registry_options {
  registry_options() = default;

  /// At least one. The first is the default.
  std::vector<routed_upstream> upstreams;
  session_rules sessions;
  std::shared_ptr<const store_health> health = std::make_shared<store_health>();
  model_aliases aliases;
  /// Whether a conversation is recognised if its client names no session.
  bool matching = false;
  /// How long a list of models is used.
  std::chrono::seconds models_age{0};
  /// After this time an upstream that failed to list its models is asked again, if no turn waits
  /// for them.
  std::chrono::seconds models_retry{10};
  /// How long a turn waits for such a list; the upstream is asked every second during that time.
  std::chrono::milliseconds loading_wait{0};
};

} // namespace nekod
