#pragma once

#include "protocol/result.hpp"

#include <string>
#include <system_error>

namespace nekod {

/// Reads all of a file.
/// @returns the system's reason where it cannot be read, as a folder cannot.
result<std::string, std::error_code> read_file(const std::string& path);

} // namespace nekod
