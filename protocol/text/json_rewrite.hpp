#pragma once

#include "protocol/text/json.hpp"

#include <string>
#include <string_view>

namespace nekod::json {

/// A value that was changed after it was parsed, as JSON: what is still the same stands there as it
/// was written.
/// @param text What *v* was parsed from.
std::string rewritten(const value& v, std::string_view text);

} // namespace nekod::json
