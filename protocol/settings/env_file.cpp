#include "protocol/settings/env_file.hpp"

#include "protocol/text/utf8.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace nekod {
namespace {

/// The character that a backslash and *c* stand for; nothing if the backslash stands for itself.
std::optional<char> unescaped(char c) {
  switch (c) {
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 't':
    return '\t';
  case '"':
  case '\\':
  case '$':
    return c;
  default:
    return std::nullopt;
  }
}

/// The text in quotes, up to the end of the line if they are not closed.
std::string quoted_value(std::string_view text) {
  const auto quote = text.front();
  std::string value;
  for (std::size_t i = 1; i < text.size() && text[i] != quote; ++i) {
    const auto escaped = quote == '"' && text[i] == '\\' && i + 1 < text.size()
                             ? unescaped(text[i + 1])
                             : std::nullopt;
    value += escaped.value_or(text[i]);
    i += escaped ? 1 : 0;
  }
  return value;
}

/// The text without quotes, up to a comment.
std::string_view plain_value(std::string_view text) {
  const auto comment = std::min(text.find(" #"), text.find("\t#"));
  return trim(text.substr(0, comment));
}

std::string_view without_export(std::string_view line) {
  constexpr std::string_view word = "export";
  const auto is_export = line.starts_with(word) && line.size() > word.size() &&
                         blanks.find(line[word.size()]) != blanks.npos;
  return is_export ? trim(line.substr(word.size())) : line;
}

std::optional<std::pair<std::string, std::string>> parse_line(std::string_view line) {
  line = trim(line);
  if (line.empty() || line.front() == '#')
    return std::nullopt;
  line = without_export(line);
  const auto equals = line.find('=');
  if (equals == line.npos)
    return std::nullopt;
  const auto value = trim(line.substr(equals + 1));
  const auto is_quoted = !value.empty() && (value.front() == '"' || value.front() == '\'');
  return std::pair{std::string{trim(line.substr(0, equals))},
                   is_quoted ? quoted_value(value) : std::string{plain_value(value)}};
}

} // namespace

std::map<std::string, env_value> parse_env_file(std::string_view text) {
  if (text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());
  std::map<std::string, env_value> result;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = std::min(text.find('\n'), text.size());
    if (auto entry = parse_line(text.substr(0, end)))
      result.emplace(std::move(entry->first), env_value{std::move(entry->second), line});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

} // namespace nekod
