#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Values in PostgreSQL's text formats (manual, 8.4 "Binary Data Types", 8.15 "Arrays"). Pure.
namespace nekod::postgres {

/// An array of texts: `{"one","t\"wo"}`.
std::string array_text(const std::vector<std::string_view>& elements);

/// Reads an array of texts; a NULL in it is an empty text. Nothing if *text* is not an array of one
/// dimension.
std::optional<std::vector<std::string>> parse_array(std::string_view text);

/// `t` or `f`.
inline std::string flag_text(bool flag) { return flag ? "t" : "f"; }

/// Bytes in the hexadecimal format: `\x00ff`.
std::string bytes_text(std::string_view bytes);

/// Reads them; what is not in that format is empty.
std::string parse_bytes(std::string_view text);

} // namespace nekod::postgres
