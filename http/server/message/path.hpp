#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod::http {

/// The endpoint of a raw path: people enter base URLs with and without `/v1`, and with stray
/// slashes. Removes doubled and trailing slashes, then a first segment `v1`. Percent-encodings
/// stay. `/v1//models/` is `/models`; `/v1` is `/`.
std::string endpoint_path(std::string_view raw);

/// Decodes the percent-encodings of *text*, once; nothing if one is invalid.
std::optional<std::string> decode_percent(std::string_view text);

/// The decoded names and values in *query*; nothing if an encoding is invalid. A name without `=`
/// has an empty value.
std::optional<std::vector<std::pair<std::string, std::string>>>
query_fields(std::string_view query);

/// Whether *query* has *name* with the value `1` or `true`.
bool query_says(std::string_view query, std::string_view name);

} // namespace nekod::http
