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

/// Makes plain TOML, byte by byte.
class toml_plainer {
public:
  void take(char c) {
    if (c == '\n')
      end_line();
    else if (quote_ != '\0')
      take_quoted(c);
    else if (!in_comment_)
      take_plain(c);
  }

  std::string finish() { return std::move(out_); }

private:
  void take_quoted(char c) {
    out_ += c;
    if (!escaped_ && c == quote_)
      quote_ = '\0';
    escaped_ = !escaped_ && c == '\\' && quote_ == '"';
  }

  void take_plain(char c) {
    in_comment_ = c == '#';
    if (in_comment_)
      return;
    if (c == '"' || c == '\'')
      quote_ = c;
    in_value_ |= c == '=';
    // A table's name has brackets, too.
    if (in_value_ && c == '[')
      ++depth_;
    if (depth_ > 0 && c == ']')
      end_array();
    out_ += c;
  }

  void end_array() {
    --depth_;
    auto last = out_.find_last_not_of(" \t\r");
    if (last != std::string::npos && out_[last] == ',')
      out_.resize(last);
  }

  /// No text goes on behind it, but an array does.
  void end_line() {
    quote_ = '\0';
    escaped_ = in_comment_ = false;
    in_value_ = depth_ > 0;
    out_ += depth_ > 0 ? ' ' : '\n';
  }

  std::string out_;
  /// The quote that ends what is in quotes; NUL outside.
  char quote_ = '\0';
  bool escaped_ = false;
  bool in_comment_ = false;
  /// Whether an equals sign was passed in this line.
  bool in_value_ = false;
  std::size_t depth_ = 0;
};

} // namespace

std::string plain_toml(std::string_view text) {
  toml_plainer plainer;
  for (auto c : text)
    plainer.take(c);
  return plainer.finish();
}

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
