#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod::http {

/// The endpoint that a raw path means: people enter base addresses with and without `/v1`, and with
/// stray slashes. Doubled and trailing slashes go, then a first segment `v1`. Percent codes stay.
/// `/v1//models/` is `/models`; `/v1` is `/`.
std::string endpoint_path(std::string_view raw);

/// *text* with its percent codes decoded, once; nothing where one of them is broken.
std::optional<std::string> decode_percent(std::string_view text);

/// The names and values of *query*, decoded; nothing where a code in it is broken. A name without
/// `=` has an empty value.
std::optional<std::vector<std::pair<std::string, std::string>>>
query_fields(std::string_view query);

/// Whether *query* has *name* with the value `1` or `true`.
bool query_says(std::string_view query, std::string_view name);

} // namespace nekod::http
