#pragma once

#include "actors/upstream/upstream.hpp"
#include "protocol/sessions/sessions.hpp"

#include <memory>
#include <string>
#include <vector>

namespace nekod {

/// Whether turns can be answered.
struct readiness {
  readiness() = default;

  /// Why not, in stable words; empty if they can.
  std::vector<std::string> reasons;
  std::vector<openai::upstream_standing> upstreams;
};

/// The readiness, as the last calls of the upstreams show it. Turns can be answered while an
/// account works at an upstream whose circuit breaker is not open; a rate-limited account works.
readiness readiness_of(const std::vector<std::shared_ptr<upstream_service>>& upstreams);

} // namespace nekod
