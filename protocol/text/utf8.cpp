#include "protocol/text/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace nekod {

namespace {

/// The length of the character at the front of *text*, which is not empty; 0 if it is invalid.
std::size_t character_length(std::string_view text) {
  auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto lead = byte(0);
  if (lead < 0x80)
    return 1;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length)
    return 0;
  // The second byte reveals over-long forms, surrogates and values beyond U+10FFFF.
  const auto low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const auto high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high)
    return 0;
  for (std::size_t i = 2; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80)
      return 0;
  return length;
}

} // namespace

std::size_t utf8_prefix(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::uint64_t word = 0;
    if (text.size() - at >= sizeof(word)) {
      std::memcpy(&word, text.data() + at, sizeof(word));
      if ((word & 0x8080808080808080) == 0) {
        at += sizeof(word);
        continue;
      }
    }
    const auto length = character_length(text.substr(at));
    if (length == 0)
      break;
    at += length;
  }
  return at;
}

bool is_utf8(std::string_view text) { return utf8_prefix(text) == text.size(); }

std::string with_whole_characters(std::string_view text) {
  std::string result;
  result.reserve(text.size() + 2);
  for (;;) {
    const auto whole = utf8_prefix(text);
    result += text.substr(0, whole);
    if (whole == text.size())
      return result;
    result += "\xEF\xBF\xBD";
    text.remove_prefix(whole + 1);
  }
}

bool has_control_characters(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

} // namespace nekod
