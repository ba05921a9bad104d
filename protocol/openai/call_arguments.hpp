#pragma once

#include "protocol/text/json.hpp"

#include <optional>
#include <string>

/// The arguments of calls of tools, which are JSON in a string.
namespace nekod::openai {

/// *arguments* in a form that stays the same when clients read them and write them again, as
/// JavaScript does: without white space, `5000.0` as `5000`, and an empty text as `{}`. Nothing if
/// they are no string with JSON.
/// @param arguments The member of a call; null if it has none.
std::optional<std::string> comparable_arguments(const json::value* arguments);

} // namespace nekod::openai
