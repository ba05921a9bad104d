#pragma once

#include "actors/upstream/upstream.hpp"
#include "protocol/sessions/health.hpp"

#include <memory>
#include <string>
#include <vector>

namespace nekod {

/// Whether turns can be answered.
struct readiness {
  readiness() = default;

  /// Why not, as words of a fixed set; empty if they can.
  std::vector<std::string> reasons;
  std::vector<upstream_standing> upstreams;
  /// Whether the store that several nodes share is away, which makes none of them better than
  /// another.
  bool lacks_shared_store = false;
};

/// The readiness, according to the last calls of the upstreams. Turns can be answered while an
/// account works at an upstream whose circuit breaker is not open; a rate-limited account counts as
/// working.
readiness readiness_of(const std::vector<std::shared_ptr<upstream_service>>& upstreams);

} // namespace nekod
