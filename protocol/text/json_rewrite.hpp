#pragma once

#include "protocol/text/json.hpp"

#include <string>
#include <string_view>

namespace nekod::json {

/// A value that was changed after parsing, as JSON: unchanged parts keep their bytes.
/// @param text The text that *v* was parsed from.
std::string rewritten(const value& v, std::string_view text);

} // namespace nekod::json
