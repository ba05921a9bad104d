#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Where settings come from besides flags.
namespace nekod {

/// Names and values.
using named_values = std::map<std::string, std::string>;

/// What a text in the manner of a shell's `.env` file sets: lines of `NAME=value` or
/// `export NAME="value"`, comments after `#`. Other lines are passed over; of one name the first
/// stands.
named_values parse_env_file(std::string_view text);

/// A TOML file's text as CLI11 understands it, whose versions differ in that: without comments,
/// each array on one line and without a comma behind its last value. What is in quotes stays.
std::string plain_toml(std::string_view text);

/// All of a file.
/// @returns nothing where it cannot be read, as a folder cannot.
std::optional<std::string> read_file(const std::string& path);

/// A setting's value with where it was found.
struct found_value {
  std::string value;
  /// In words, such as `PORT` or `.env: PORT`.
  std::string source;
};

/// The environment of this process: its variables, then the credentials that a service manager
/// hands over as files (`$CREDENTIALS_DIRECTORY`), then a file `.env` in the working folder.
class environment {
public:
  /// Reads the `.env` file, if there is one.
  environment();

  /// The first of *names* that is set and not empty.
  /// @param credential The name of a credential's file; empty where there may be none.
  std::optional<found_value> find(const std::vector<std::string>& names,
                                  const std::string& credential) const;

private:
  named_values file_;
};

} // namespace nekod
