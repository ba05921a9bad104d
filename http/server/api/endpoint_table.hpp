#pragma once

#include "http/server/api/endpoint.hpp"

#include <string_view>

namespace nekod::http {

/// The endpoint at *path*, which is without `/v1`; of several, the one for *method* if there is
/// one. Null if there is none.
const endpoint* find_endpoint(std::string_view path, std::string_view method) noexcept;

/// The endpoint for *raw*, a URL as the client wrote it, if it passes to an upstream. Null if it
/// does not.
const endpoint* find_passed_endpoint(std::string_view raw, std::string_view method);

} // namespace nekod::http
