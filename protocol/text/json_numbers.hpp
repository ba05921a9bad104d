#pragma once

#include <string>
#include <string_view>

/// Numbers that JSON does not have. Python's `json` and C's `printf` write `NaN`, `-Infinity` or
/// `-inf` into texts that are JSON otherwise, for example as the logarithm of a probability of 0.
namespace nekod::json {

/// Whether *text* has such a number outside strings.
bool has_odd_number(std::string_view text);

/// *text* with `null` instead of each such number.
std::string without_odd_numbers(std::string_view text);

} // namespace nekod::json
