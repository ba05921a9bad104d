#include "protocol/settings/env_file.hpp"
#include "protocol/settings/toml.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/targets.hpp"

#include <string>

namespace nekod::fuzz {

void settings_file(std::string_view input) {
  if (const auto found = parse_toml(input))
    for (const auto& e : *found) {
      check(e.line > 0, "each setting has its line");
      check(e.is_list || e.key.empty() || e.values.size() == 1, "a plain value is one");
    }
  const auto all = parse_env_file(input);
  for (const auto& [name, value] : all) {
    check(name.find_first_of("=\n") == name.npos, "a name is one word");
    if (value.text.find_first_of("\"\\\n") != value.text.npos)
      continue;
    std::string line = "export ";
    line.append(name).append(" = \"").append(value.text).append("\" # comment\r\n");
    const auto again = parse_env_file(line);
    check(name.empty() || name.front() == '#' || name.starts_with("export") ||
              (again.size() == 1 && again.begin()->second.text == value.text),
          "a value that is written in quotes is read back");
  }
}

} // namespace nekod::fuzz
