#pragma once

#include <string_view>

namespace nekod::http {

/// The OpenAPI 3.1 document of nekod's own surface, from `openapi.json` beside this header.
std::string_view openapi_document() noexcept;

} // namespace nekod::http
