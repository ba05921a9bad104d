#pragma once

#include "protocol/sessions/sessions.hpp"

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

} // namespace nekod
