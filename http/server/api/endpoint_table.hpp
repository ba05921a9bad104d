#pragma once

#include "http/server/api/endpoint.hpp"

#include <string_view>

namespace nekod::http {

/// The endpoint at *path*, without `/v1`; of several, the one for *method* if there is one. Null
/// where there is none.
const endpoint* find_endpoint(std::string_view path, std::string_view method) noexcept;

/// The endpoint for the address *raw*, as the client wrote it, where it passes to an upstream. Null
/// where it does not pass.
const endpoint* find_passed_endpoint(std::string_view raw, std::string_view method);

} // namespace nekod::http
