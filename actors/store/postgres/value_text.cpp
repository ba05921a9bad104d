#include "actors/store/postgres/value_text.hpp"

#include "protocol/text/hex.hpp"

#include <cstddef>
#include <utility>

namespace nekod::postgres {

namespace {

void append_element(std::string& out, std::string_view element) {
  out += '"';
  for (const auto c : element) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  out += '"';
}

/// Reads one element from the beginning of *rest*, and removes it.
std::optional<std::string> take_element(std::string_view& rest) {
  std::string element;
  if (!rest.starts_with('"')) {
    const auto end = rest.find_first_of(",}");
    if (end == std::string_view::npos)
      return std::nullopt;
    element = rest.substr(0, end);
    rest.remove_prefix(end);
    return element == "NULL" ? std::string{} : std::optional{std::move(element)};
  }
  std::size_t i = 1;
  for (; i < rest.size() && rest[i] != '"'; ++i) {
    if (rest[i] == '\\' && ++i == rest.size())
      return std::nullopt;
    element += rest[i];
  }
  if (i == rest.size())
    return std::nullopt;
  rest.remove_prefix(i + 1);
  return element;
}

} // namespace

std::string array_text(const std::vector<std::string_view>& elements) {
  std::string out = "{";
  for (const auto& element : elements) {
    if (out.size() > 1)
      out += ',';
    append_element(out, element);
  }
  return out + '}';
}

std::optional<std::vector<std::string>> parse_array(std::string_view text) {
  std::vector<std::string> result;
  if (text == "{}")
    return result;
  if (!text.starts_with('{'))
    return std::nullopt;
  auto rest = text.substr(1);
  for (;;) {
    auto element = take_element(rest);
    if (!element || rest.empty())
      return std::nullopt;
    result.push_back(*std::move(element));
    const auto separator = rest.front();
    rest.remove_prefix(1);
    if (separator == '}')
      return rest.empty() ? std::optional{std::move(result)} : std::nullopt;
    if (separator != ',')
      return std::nullopt;
  }
}

std::string bytes_text(std::string_view bytes) {
  std::string out = "\\x";
  append_hex(out, bytes);
  return out;
}

std::string parse_bytes(std::string_view text) {
  constexpr std::string_view prefix = "\\x";
  // PostgreSQL writes lower case.
  if (!text.starts_with(prefix) ||
      text.find_first_of(upper_hex_digits.substr(10)) != std::string_view::npos)
    return {};
  return bytes_of_hex(text.substr(prefix.size())).value_or(std::string{});
}

} // namespace nekod::postgres
