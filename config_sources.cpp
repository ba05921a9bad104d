#include "config_sources.hpp"

#include "http/server/text.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <utility>

namespace nekod {

namespace {

using http::trim;

std::optional<std::pair<std::string, std::string>> parse_line(std::string_view line) {
  constexpr std::string_view exporting = "export ";
  line = trim(line);
  if (line.empty() || line.front() == '#')
    return std::nullopt;
  if (line.substr(0, exporting.size()) == exporting)
    line = trim(line.substr(exporting.size()));
  auto equals = line.find('=');
  if (equals == std::string_view::npos)
    return std::nullopt;
  auto value = trim(line.substr(equals + 1));
  if (!value.empty() && (value.front() == '"' || value.front() == '\'')) {
    auto end = value.find(value.front(), 1);
    value = value.substr(1, end == std::string_view::npos ? end : end - 1);
  } else {
    value = trim(value.substr(0, std::min(value.find(" #"), value.size())));
  }
  return std::pair{std::string{trim(line.substr(0, equals))}, std::string{value}};
}

} // namespace

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file)
    return std::nullopt;
  std::string text;
  std::array<char, 16384> block{};
  do {
    file.read(block.data(), block.size());
    text.append(block.data(), static_cast<std::size_t>(file.gcount()));
  } while (file);
  if (file.bad())
    return std::nullopt;
  return text;
}

named_values parse_env_file(std::string_view text) {
  named_values result;
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    if (auto entry = parse_line(text.substr(0, end)))
      result.insert(std::move(*entry));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

environment::environment() : file_(parse_env_file(read_file(".env").value_or(""))) {}

std::optional<found_value> environment::find(const std::vector<std::string>& names,
                                             const std::string& credential) const {
  for (const auto& name : names)
    if (const auto* value = std::getenv(name.c_str()); value != nullptr && *value != '\0')
      return found_value{value, name};
  const auto* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder != nullptr && !credential.empty()) {
    auto value = read_file(folder + ("/" + credential)).value_or("");
    value.erase(value.find_last_not_of(" \t\r\n") + 1);
    if (!value.empty())
      return found_value{value, "credential " + credential};
  }
  for (const auto& name : names)
    if (auto i = file_.find(name); i != file_.end() && !i->second.empty())
      return found_value{i->second, ".env: " + name};
  return std::nullopt;
}

} // namespace nekod
