#pragma once

#include "protocol/result.hpp"

#include <string>
#include <system_error>

namespace nekod {

/// Reads a whole file.
/// @returns the system's reason if it cannot be read; a folder cannot.
result<std::string, std::error_code> read_file(const std::string& path);

} // namespace nekod
