#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Hexadecimal digits: written in lower case unless upper case is asked for, read in both.
namespace nekod {

inline constexpr std::string_view hex_digits = "0123456789abcdef";
inline constexpr std::string_view upper_hex_digits = "0123456789ABCDEF";

/// Appends the two digits of *byte*.
inline void append_hex(std::string& out, std::uint8_t byte, std::string_view digits = hex_digits) {
  out += digits[byte >> 4];
  out += digits[byte & 0xf];
}

/// Appends two digits for each of *bytes*.
inline void append_hex(std::string& out, std::string_view bytes,
                       std::string_view digits = hex_digits) {
  for (const auto byte : bytes)
    append_hex(out, static_cast<std::uint8_t>(byte), digits);
}

/// Appends the lowest *width* digits of *number*, at most 16, with zeros in front.
inline void append_hex_number(std::string& out, std::uint64_t number, std::size_t width = 16) {
  for (auto shift = 4 * width; shift > 0;)
    out += hex_digits[number >> (shift -= 4) & 0xf];
}

/// The value of a digit, in either case; -1 for any other character.
constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  const auto lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The bytes that *text* has two digits for each of, in either case; nothing for any other text.
inline std::optional<std::string> bytes_of_hex(std::string_view text) {
  if (text.size() % 2 != 0)
    return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = hex_value(text[i]);
    const auto low = hex_value(text[i + 1]);
    if (high < 0 || low < 0)
      return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

} // namespace nekod
