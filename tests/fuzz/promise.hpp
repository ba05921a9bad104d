#pragma once

#include "protocol/text/json.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

/// Reports broken promises of fuzz targets.
namespace nekod::fuzz {

struct broken_promise : std::logic_error {
  using std::logic_error::logic_error;
};

/// Throws unless *holds*.
/// @param promise The promise, as a sentence.
inline void check(bool holds, const char* promise) {
  if (!holds)
    throw broken_promise{promise};
}

/// Checks that *text* is one JSON value without line ends, as the data of an event must be.
inline void check_one_line_json(std::string_view text, const char* promise) {
  check(text.find_first_of("\r\n") == text.npos && json::parse(text, json::max_depth + 4), promise);
}

} // namespace nekod::fuzz
