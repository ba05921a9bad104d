#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

/// All settings by name, for people. Their types, defaults and checks are in `config.hpp` and
/// `config.cpp`.
namespace nekod {

/// When a changed setting takes effect: only after a restart, or with the next reload.
enum class setting_change : std::uint8_t { restart, reload };

struct setting_text {
  /// `--flag`; without its dashes, the key in a TOML file.
  std::string_view flag;
  /// The environment variables that set it, in order of precedence. The second may be empty.
  std::array<std::string_view, 2> variables;
  setting_change change;
  /// For `--help`.
  std::string_view help;
};

/// In the order of `--help`.
std::span<const setting_text> all_settings() noexcept;

/// @pre There is a setting with that *flag*.
/// @throws std::out_of_range otherwise.
const setting_text& setting_of(std::string_view flag);

} // namespace nekod
