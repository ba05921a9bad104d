#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Hexadecimal digits, in lower case.
namespace nekod {

inline constexpr std::string_view hex_digits = "0123456789abcdef";

/// Appends the two digits of *byte*.
inline void append_hex(std::string& out, std::uint8_t byte) {
  out += hex_digits[byte >> 4];
  out += hex_digits[byte & 0xf];
}

/// Appends two digits for each of *bytes*.
inline void append_hex(std::string& out, std::string_view bytes) {
  for (const auto byte : bytes)
    append_hex(out, static_cast<std::uint8_t>(byte));
}

/// Appends the lowest *width* digits of *number*, at most 16, with zeros in front.
inline void append_hex_number(std::string& out, std::uint64_t number, std::size_t width = 16) {
  for (auto shift = 4 * width; shift > 0;)
    out += hex_digits[number >> (shift -= 4) & 0xf];
}

} // namespace nekod
