#pragma once

#include "protocol/settings/env_file.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace nekod {

/// The value of a setting, and where it was found.
struct found_value {
  std::string value;
  /// In words, such as `PORT` or `line 2 of .env, PORT`.
  std::string source;
};

/// The environment of this process: its variables, then the credentials that a service manager
/// hands over as files (`$CREDENTIALS_DIRECTORY`), then a file `.env` in the working folder.
class environment {
public:
  /// Reads the `.env` file, if there is one.
  environment();

  /// The first of *names* that is set and not empty; empty names are skipped.
  /// @param credential The file name of a credential; empty if there is none for this setting.
  std::optional<found_value> find(std::span<const std::string_view> names,
                                  const std::string& credential) const;

private:
  std::map<std::string, env_value> file_;
};

} // namespace nekod
