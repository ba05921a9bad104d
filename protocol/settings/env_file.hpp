#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace nekod {

/// The value that a line of a `.env` file sets.
struct env_value {
  std::string text;
  /// The number of the line, from 1.
  std::size_t line = 0;

  bool operator==(const env_value&) const = default;
};

/// Reads a file like a shell's `.env`: lines of `NAME=value` or `export NAME="value"`, comments
/// after `#`. In double quotes a backslash escapes `"`, `\`, `$`, and forms the characters `\n`,
/// `\r`, `\t`, as in Python's dotenv; in single quotes nothing is special. A byte-order mark is
/// skipped, and lines may end in CRLF. Other lines are ignored; if a name occurs twice, the first
/// value counts.
std::map<std::string, env_value> parse_env_file(std::string_view text);

} // namespace nekod
