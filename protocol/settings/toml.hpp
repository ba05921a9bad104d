#pragma once

#include "protocol/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Settings files in TOML 1.0 (https://toml.io/en/v1.0.0), read with toml++.
namespace nekod {

/// A setting in a TOML file.
struct toml_entry {
  /// The parts of the table's name, such as `upstreams`, `local`; empty outside tables.
  std::vector<std::string> table;
  /// Empty for an empty table.
  std::string key;
  /// As text: a string is its content, a number has decimal digits, a bool is `true` or `false`.
  std::vector<std::string> values;
  /// Whether the value is an array.
  bool is_list = false;
  /// The number of its line, from 1; 0 if it is unknown.
  std::size_t line = 0;
};

/// Why a text was refused.
struct toml_fault {
  std::size_t line = 0;
  /// A sentence without the line.
  std::string words;
};

/// Reads *text*, in the order of its lines. Besides invalid TOML, refuses dates and times, arrays
/// of arrays or tables, and NUL in a string, because no setting accepts them.
result<std::vector<toml_entry>, toml_fault> parse_toml(std::string_view text);

} // namespace nekod
