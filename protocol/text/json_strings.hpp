#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// JSON strings without a document: written and read on the way of every chunk.
namespace nekod::json {

/// Appends *text* as a JSON string with its quotes. *text* must be UTF-8; it is passed on unchanged
/// but for what JSON requires to be escaped.
void append_quoted(std::string& out, std::string_view text);

/// Appends *text* escaped, without quotes.
void append_escaped(std::string& out, std::string_view text);

/// Reads the rest of a JSON string, whose opening quote was passed: appends what it says to *out*.
/// @returns the length of what stands before the closing quote; none where there is no such quote,
/// a byte that must not stand in a string, no UTF-8, or an escape by number, which is left to
/// `parse`. Something may have been appended then.
std::optional<std::size_t> append_unescaped(std::string& out, std::string_view text);

} // namespace nekod::json
