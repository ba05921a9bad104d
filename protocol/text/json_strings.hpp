#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// JSON strings without a document: written and read for every chunk.
namespace nekod::json {

/// Appends *text* as a JSON string with its quotes. *text* must be UTF-8; only what JSON requires
/// is escaped.
void append_quoted(std::string& out, std::string_view text);

/// The same as a string of its own.
std::string quote(std::string_view text);

/// Appends *text* escaped, without quotes.
void append_escaped(std::string& out, std::string_view text);

/// Reads the rest of a JSON string whose opening quote has been read: appends its content to *out*.
/// @returns the length of the literal up to the closing quote. Nothing if there is no such quote,
/// if a byte is not allowed in a string, if the text is not UTF-8, or if there is a numeric escape,
/// which is left to `parse`; *out* may have been changed then.
std::optional<std::size_t> append_unescaped(std::string& out, std::string_view text);

} // namespace nekod::json
