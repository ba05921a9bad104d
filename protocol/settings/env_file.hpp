#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace nekod {

/// What a line of a `.env` file sets.
struct env_value {
  std::string text;
  /// From 1.
  std::size_t line = 0;

  bool operator==(const env_value&) const = default;
};

/// Reads a file in the manner of a shell's `.env`: lines of `NAME=value` or `export NAME="value"`,
/// comments after `#`. In double quotes a backslash stands before `"`, `\`, `$`, and for the
/// characters `\n`, `\r`, `\t`, as in Python's dotenv; in single quotes nothing has a meaning. A
/// byte-order mark is skipped, and lines may end in CRLF. Other lines are passed over; of one name
/// the first stands.
std::map<std::string, env_value> parse_env_file(std::string_view text);

} // namespace nekod
