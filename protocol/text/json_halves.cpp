#include "protocol/text/json_halves.hpp"

#include <charconv>
#include <cstdint>

namespace nekod::json {
namespace {

/// The length of a numeric escape.
constexpr std::size_t escape_size = 6;

constexpr std::string_view replacement = "\\ufffd";

/// The number in the numeric escape at *at*; 0 if there is none.
std::uint16_t number_at(std::string_view text, std::size_t at) {
  if (at > text.size() || text.size() - at < escape_size || !text.substr(at).starts_with("\\u"))
    return 0;
  const auto* end = text.data() + at + escape_size;
  std::uint16_t number = 0;
  return std::from_chars(text.data() + at + 2, end, number, 16).ptr == end ? number
                                                                           : std::uint16_t{0};
}

bool is_first_half(std::uint16_t number) { return (number & 0xFC00) == 0xD800; }
bool is_second_half(std::uint16_t number) { return (number & 0xFC00) == 0xDC00; }

/// The position of the first lone half from *at* on, which must not be inside an escape.
std::size_t find_lone_half(std::string_view text, std::size_t at) {
  while ((at = text.find('\\', at)) != text.npos) {
    const auto number = number_at(text, at);
    const auto is_first = is_first_half(number);
    if (is_first && is_second_half(number_at(text, at + escape_size)))
      at += 2 * escape_size;
    else if (is_first || is_second_half(number))
      return at;
    else
      at += 2;
  }
  return text.npos;
}

/// Whether a string's content ends with the first half of a character.
bool ends_in_first_half(std::string_view text) {
  if (text.size() < escape_size || !is_first_half(number_at(text, text.size() - escape_size)))
    return false;
  // These bytes may also be an escaped backslash and letters.
  auto at = find_lone_half(text, 0);
  while (at < text.size() - escape_size)
    at = find_lone_half(text, at + escape_size);
  return at != text.npos;
}

bool is_string(std::string_view value) {
  return value.size() >= 2 && value.front() == '"' && value.back() == '"';
}

} // namespace

bool has_lone_half(std::string_view text) { return find_lone_half(text, 0) != text.npos; }

std::string without_lone_halves(std::string_view text) {
  std::string out{text};
  for (auto at = find_lone_half(out, 0); at != out.npos; at = find_lone_half(out, at))
    out.replace(at, escape_size, replacement);
  return out;
}

void joined_text::join(std::string_view quoted, std::string& half) {
  if (!is_string(quoted))
    return;
  const auto begin = static_cast<std::size_t>(quoted.data() - text_.data()) + 1;
  out_.append(text_, copied_, begin - copied_);
  auto text = half + std::string{quoted.substr(1, quoted.size() - 2)};
  half.clear();
  if (ends_in_first_half(text)) {
    half = text.substr(text.size() - escape_size);
    text.resize(text.size() - escape_size);
  }
  out_ += text;
  copied_ = begin + quoted.size() - 2;
}

std::string joined_text::finish() {
  out_.append(text_.substr(copied_));
  copied_ = text_.size();
  return without_lone_halves(out_);
}

} // namespace nekod::json
