#include "protocol/text/json_numbers.hpp"

#include "protocol/text/words.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace nekod::json {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_of_word(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

bool is_odd_number(std::string_view word) {
  if (word.starts_with('-') || word.starts_with('+'))
    word.remove_prefix(1);
  constexpr std::array<std::string_view, 3> odd{"nan", "inf", "infinity"};
  return std::any_of(odd.begin(), odd.end(), [&](std::string_view name) {
    return std::equal(word.begin(), word.end(), name.begin(), name.end(),
                      [](char a, char b) { return to_lower(a) == b; });
  });
}

/// The end of the string whose opening quote is at *at*.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '"')
      return at + 1;
  }
  return text.size();
}

/// The first such number from *at* on, which must be outside strings; empty if there is none.
std::string_view find_odd_number(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    if (text[at] == '"') {
      at = end_of_string(text, at);
    } else if (is_of_word(text[at])) {
      const auto begin = at;
      while (at < text.size() && is_of_word(text[at]))
        ++at;
      if (const auto word = text.substr(begin, at - begin); is_odd_number(word))
        return word;
    } else {
      ++at;
    }
  }
  return {};
}

} // namespace

bool has_odd_number(std::string_view text) { return !find_odd_number(text, 0).empty(); }

std::string without_odd_numbers(std::string_view text) {
  std::string out;
  std::size_t copied = 0;
  for (auto odd = find_odd_number(text, 0); !odd.empty(); odd = find_odd_number(text, copied)) {
    const auto begin = static_cast<std::size_t>(odd.data() - text.data());
    out.append(text, copied, begin - copied).append("null");
    copied = begin + odd.size();
  }
  return out.append(text.substr(copied));
}

} // namespace nekod::json
