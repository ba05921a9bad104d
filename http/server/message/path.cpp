#include "http/server/message/path.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace nekod::http {

std::string endpoint_path(std::string_view raw) {
  std::string result;
  for (char c : raw)
    if (c != '/' || result.empty() || result.back() != '/')
      result += c;
  if (result.empty() || result.front() != '/')
    result.insert(result.begin(), '/');
  if (result.size() > 1 && result.back() == '/')
    result.pop_back();
  constexpr std::string_view version = "/v1";
  if (result == version)
    return "/";
  if (result.compare(0, version.size() + 1, "/v1/") == 0)
    result.erase(0, version.size());
  return result;
}

std::optional<std::string> decode_percent(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    unsigned value = 0;
    const auto* digits = text.data() + i + 1;
    if (i + 2 >= text.size() || std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2)
      return std::nullopt;
    result += static_cast<char>(value);
    i += 2;
  }
  return result;
}

std::optional<std::vector<std::pair<std::string, std::string>>>
query_fields(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> result;
  std::string spaced{query};
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  for (std::string_view rest = spaced; !rest.empty();) {
    auto field = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(field.size() + 1, rest.size()));
    if (field.empty())
      continue;
    auto equals = std::min(field.find('='), field.size());
    auto name = decode_percent(field.substr(0, equals));
    auto value = decode_percent(field.substr(std::min(equals + 1, field.size())));
    if (!name || !value)
      return std::nullopt;
    result.emplace_back(std::move(*name), std::move(*value));
  }
  return result;
}

bool query_says(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    auto end = std::min(query.find('&'), query.size());
    auto field = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    auto equals = std::min(field.find('='), field.size());
    auto value = field.substr(std::min(equals + 1, field.size()));
    if (field.substr(0, equals) == name)
      return value == "1" || value == "true";
  }
  return false;
}

} // namespace nekod::http
