#pragma once

#include <cstddef>
#include <string_view>

/// Searches in JSON that is not parsed. A quote mark inside a string follows a backslash, so words
/// with their quote marks never occur inside a text.
namespace nekod::load {

/// The position of *what* in *text*, from *from* on, or `npos`. `std::string_view::find` stops at
/// every quote mark, and JSON has many.
std::size_t find_word(std::string_view text, std::string_view what, std::size_t from = 0);

/// The end of the string that begins after a quote mark; `npos` if it has none.
std::size_t string_end(std::string_view text, std::size_t begin);

} // namespace nekod::load
