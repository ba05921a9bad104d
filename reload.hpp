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

/// What can change while nekod runs, with the files it names read.
struct live_settings {
  http::admission_rules admission;
  /// Null for plain HTTP.
  http::tls_context tls;
  model_aliases aliases;
};

/// Reads what *s* names.
/// @returns it, or why not: a sentence that names the setting at fault, and whether that may pass.
result<live_settings, exit_request> load_live_settings(const settings& s);

/// Why *after* must not take the place of *before*, although all of it is right: a file that is
/// just being written is often empty for a moment, and that must neither lock all out nor let all
/// in.
/// @param keys How many API keys are in force; none where any key is taken.
/// @returns a sentence; empty where nothing speaks against it.
std::string reload_problem(const settings& before, std::optional<std::size_t> keys,
                           const settings& after, const live_settings& live);

/// The names of what differs between *before* and *after* and take a restart.
std::vector<std::string> fixed_changes(const settings& before, const settings& after);

} // namespace nekod
