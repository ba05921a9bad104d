#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// UTF-8 as in RFC 3629: without surrogates, over-long forms and values beyond U+10FFFF.
namespace nekod {

/// The bytes that may stand in front of a text to say that it is UTF-8.
inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// The number of bytes at the front of *text* that are whole characters.
std::size_t utf8_prefix(std::string_view text);

bool is_utf8(std::string_view text);

/// *text* with U+FFFD in the place of each byte that is not part of a character.
std::string with_whole_characters(std::string_view text);

/// Whether *text* contains a byte that no line of HTTP may contain, such as a line end.
bool has_control_characters(std::string_view text) noexcept;

} // namespace nekod
