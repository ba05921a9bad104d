#pragma once

#include <cstddef>
#include <string_view>

/// UTF-8 as RFC 3629 has it: without surrogates, over-long forms and what lies past U+10FFFF.
namespace nekod {

/// How many bytes at the front of *text* are whole characters.
std::size_t utf8_prefix(std::string_view text);

bool is_utf8(std::string_view text);

/// Whether *text* has a byte in it that no line of HTTP may have: a line end among others.
bool has_control_characters(std::string_view text) noexcept;

} // namespace nekod
