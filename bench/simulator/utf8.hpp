#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// Functions for text that is known to be UTF-8.
namespace nekod::sim::utf8 {

/// The number of bytes of a character that begins with *lead*.
constexpr std::size_t length_of(char lead) noexcept {
  auto byte = static_cast<unsigned char>(lead);
  if (byte < 0x80)
    return 1;
  if (byte < 0xe0)
    return 2;
  return byte < 0xf0 ? 3 : 4;
}

/// The code point of the first character of *text*, which must not be empty.
constexpr std::uint32_t first_code_point(std::string_view text) noexcept {
  auto length = length_of(text.front());
  auto lead = static_cast<unsigned char>(text.front());
  std::uint32_t code = length == 1 ? lead : lead & (0x7fu >> length);
  for (std::size_t i = 1; i < length && i < text.size(); ++i)
    code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  return code;
}

/// Whether *byte* continues a character.
constexpr bool continues(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xc0u) == 0x80u;
}

/// The last *n* characters of *text*.
constexpr std::string_view last_characters(std::string_view text, std::size_t n) noexcept {
  auto begin = text.size();
  for (; begin > 0 && n > 0; --n)
    do
      --begin;
    while (begin > 0 && continues(text[begin]));
  return text.substr(begin);
}

} // namespace nekod::sim::utf8
