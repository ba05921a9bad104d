#include "actors/runtime/process/environment.hpp"

#include "actors/runtime/process/file.hpp"

#include <cstdlib>

namespace nekod {

environment::environment() {
  if (auto text = read_file(".env"))
    file_ = parse_env_file(*text);
}

std::optional<found_value> environment::find(std::span<const std::string_view> names,
                                             const std::string& credential) const {
  for (auto name : names)
    if (const auto* value = std::getenv(std::string{name}.c_str()); value && *value != '\0')
      return found_value{value, std::string{name}};
  const auto* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder != nullptr && !credential.empty())
    if (auto value = read_file(folder + ("/" + credential))) {
      value->erase(value->find_last_not_of(" \t\r\n") + 1);
      if (!value->empty())
        return found_value{*value, "credential " + credential};
    }
  for (auto name : names)
    if (auto i = file_.find(std::string{name}); i != file_.end() && !i->second.text.empty())
      return found_value{i->second.text,
                         "line " + std::to_string(i->second.line) + " of .env, " + i->first};
  return std::nullopt;
}

} // namespace nekod
