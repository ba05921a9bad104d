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

/// What the upstreams' last calls say of that. Turns can be answered while an account works at an
/// upstream whose circuit breaker is not open; one at its limit works.
readiness readiness_of(const std::vector<std::shared_ptr<upstream_service>>& upstreams);

} // namespace nekod
