#pragma once

#include "actors/registry/model_choice.hpp"
#include "config.hpp"
#include "http/server/gate/admission.hpp"
#include "http/server/listen/tls.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// The settings that can change while nekod runs, with the contents of the files that they name.
struct live_settings {
  http::admission_rules admission;
  /// Null for plain HTTP.
  http::tls_context tls;
  model_aliases aliases;
};

/// Reads the files that *s* names.
/// @returns the settings, or a sentence that names the setting at fault, with an exit code that
/// says whether another try may succeed.
result<live_settings, exit_request> load_live_settings(const settings& s);

/// Checks whether *after*, which is valid in itself, must not replace *before*: a file that is
/// being written is often empty for a moment, which must neither lock out all clients nor admit
/// all.
/// @param keys The number of API keys in force; nothing if any key is accepted.
/// @returns the reason as a sentence; empty if it may.
std::string reload_problem(const settings& before, std::optional<std::size_t> keys,
                           const settings& after, const live_settings& live);

/// The names of the settings that differ between *before* and *after* and need a restart.
std::vector<std::string> fixed_changes(const settings& before, const settings& after);

} // namespace nekod
