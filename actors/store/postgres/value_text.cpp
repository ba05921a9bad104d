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

int digit_of(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
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
  std::string out;
  if (!text.starts_with("\\x") || text.size() % 2 != 0)
    return out;
  for (std::size_t i = 2; i < text.size(); i += 2) {
    const auto high = digit_of(text[i]);
    const auto low = digit_of(text[i + 1]);
    if (high < 0 || low < 0)
      return {};
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

} // namespace nekod::postgres
