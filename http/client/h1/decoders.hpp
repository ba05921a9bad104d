#pragma once

#include "http/client/h1/coded_body.hpp"

#include <memory>
#include <string_view>

namespace nekod::http {

/// The decoder of a content coding, by its name in lower case; null for one that is unknown.
/// @throws std::bad_alloc
std::unique_ptr<coded_body::decoder> make_decoder(std::string_view coding);

} // namespace nekod::http
