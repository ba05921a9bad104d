#pragma once

#include "http/server/gate/api_keys.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Changes to the text of a key file that leave all other lines as they are. Pure.
namespace nekod::http {

/// *text* with the line for the key with *hash* and *holder* at its end.
std::string with_key(std::string text, const key_hash& hash, const api_key& holder);

/// *text* with another holder's line in place of that of the key with *hash*. A comment at the end
/// of the line stays.
std::string with_changed_key(std::string_view text, const key_hash& hash, const api_key& holder);

/// *text* without the line of the key with *hash*.
std::string without_key(std::string_view text, const key_hash& hash);

} // namespace nekod::http
