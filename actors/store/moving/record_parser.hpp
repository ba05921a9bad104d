#pragma once

#include "actors/store/moving/record_lines.hpp"
#include "protocol/result.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace nekod::moving {

/// A line of the file.
using record_line = std::variant<head, session_record, response_record, end>;

/// Reads what `line_of` wrote. Checks everything that a store relies on: names and digests that are
/// too long for an index, a NUL, JSON that is none. Members that are not known are ignored.
/// @returns why *text* is no line; names the member.
result<record_line, std::string> parse_line(std::string_view text);

} // namespace nekod::moving
