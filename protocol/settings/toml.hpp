#pragma once

#include "protocol/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// TOML 1.0 files of settings (https://toml.io/en/v1.0.0), read with toml++.
namespace nekod {

/// A setting in a TOML file.
struct toml_entry {
  /// The table's name, at its dots, such as `upstreams`, `local`; empty outside of tables.
  std::vector<std::string> table;
  /// Empty for a table that has nothing in it.
  std::string key;
  /// As text: a string is what it says, a number has decimal digits, a bool is `true` or `false`.
  std::vector<std::string> values;
  /// Whether the value is an array.
  bool is_list = false;
  /// Where it stands, from 1; 0 where nothing is known of that.
  std::size_t line = 0;
};

/// Why a text was not taken.
struct toml_fault {
  std::size_t line = 0;
  /// A sentence without the line.
  std::string words;
};

/// Reads *text*, in the order of its lines. Refused besides what is no TOML: dates and times,
/// arrays of arrays or tables, and NUL in a string, for no setting takes them.
result<std::vector<toml_entry>, toml_fault> parse_toml(std::string_view text);

} // namespace nekod
