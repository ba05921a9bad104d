#pragma once

#include "http/server/gate/admission.hpp"

#include <string>
#include <vector>

namespace nekod::http {

/// Appends `[{"on","count","seconds","left"}, ...]`.
void append_limits(std::string& out, const std::vector<limit_standing>& limits);

} // namespace nekod::http
