#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

/// Small functions on words and lines. ASCII only, whatever the locale is.
namespace nekod {

/// The characters between words of one line.
inline constexpr std::string_view blanks = " \t\r";

inline char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Whether *a* and *b* are equal except for the case of letters.
inline bool same_word(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

/// *text* without blanks at its ends.
inline std::string_view trim(std::string_view text) noexcept {
  auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// *text* in backquotes, for one line of an error: control characters become `?`, and text of more
/// than *longest* bytes is cut, but not inside a UTF-8 character. It is not called `quoted`, since
/// calls without a namespace would find `std::quoted`.
inline std::string in_backquotes(std::string_view text, std::size_t longest = 40) {
  auto size = std::min(text.size(), longest);
  while (size < text.size() && size > 0 && (text[size] & 0xc0) == 0x80)
    --size;
  std::string result = "`";
  for (char c : text.substr(0, size))
    result += (c >= '\0' && c < ' ') || c == '\x7f' ? '?' : c;
  result += size < text.size() ? "...`" : "`";
  return result;
}

} // namespace nekod
