#pragma once

#include <cstdint>
#include <string>

namespace nekod::http {

/// The reason phrase of a status (RFC 9110, section 15), for the status line; `Unknown` for a
/// status that nekod does not send itself.
std::string reason_phrase(std::uint16_t status);

} // namespace nekod::http
