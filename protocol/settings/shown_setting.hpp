#pragma once

#include <string>

namespace nekod {

/// A setting in force, for people.
struct shown_setting {
  /// The flag without its dashes, which is its key in a TOML file.
  std::string name;
  /// As TOML writes it; stars for a secret. Empty if it is not set and has no default.
  std::string value;
  /// Whether a reload can change it.
  bool reloadable = false;

  bool operator==(const shown_setting&) const = default;
};

} // namespace nekod
