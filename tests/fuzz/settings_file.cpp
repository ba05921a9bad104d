#include "config_sources.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/targets.hpp"

#include <string>

namespace nekod::fuzz {

void settings_file(std::string_view input) {
  const auto plain = plain_toml(input);
  check(plain.size() <= input.size(), "plain TOML has nothing that was not there");
  const auto all = parse_env_file(input);
  for (const auto& [name, value] : all) {
    check(name.find_first_of("=\n") == name.npos, "a name is one word");
    check(value.find('\n') == value.npos, "a value is one line");
    if (value.find('"') != value.npos)
      continue;
    std::string line = "export ";
    line.append(name).append(" = \"").append(value).append("\" # comment\r\n");
    const auto again = parse_env_file(line);
    check(name.empty() || name.front() == '#' || name.starts_with("export ") ||
              (again.size() == 1 && again.begin()->second == value),
          "a value that is written in quotes is read back");
  }
  // Each line stands for itself, and the first of a name counts.
  for (auto end = input.find('\n'); end != input.npos; end = input.find('\n', end + 1)) {
    auto both = parse_env_file(input.substr(0, end));
    both.merge(parse_env_file(input.substr(end + 1)));
    check(both == all, "lines do not depend on each other");
  }
}

} // namespace nekod::fuzz
