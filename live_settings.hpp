#pragma once

#include "actors/messages.hpp"
#include "config.hpp"
#include "http/server/admission.hpp"
#include "http/server/tls.hpp"
#include "protocol/result.hpp"

#include <string>

namespace nekod {

/// What can change while nekod runs, with the files it names read.
struct live_settings {
  http::admission_rules admission;
  /// Null for plain HTTP.
  http::tls_context tls;
  model_aliases aliases;
};

/// Reads what *s* names.
/// @returns it, or a sentence that names the setting at fault.
result<live_settings, std::string> load_live_settings(const settings& s);

/// The names of what differs between *before* and *after* and take a restart.
std::vector<std::string> fixed_changes(const settings& before, const settings& after);

} // namespace nekod
