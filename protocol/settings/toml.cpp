#include "protocol/settings/toml.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tuple>

namespace nekod {
namespace {

/// A number in decimal digits that every reader of numbers takes; nan and inf as such.
std::string text_of(double number) {
  std::array<char, 400> digits{};
  auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed);
  return {digits.data(), end.ptr};
}

/// Goes through the tables of a document; the first fault stays.
class toml_reader {
public:
  void read(const toml::table& table) {
    if (table.empty() && !path_.empty())
      add({path_, {}, {}, false, line_of(table)}, table);
    for (const auto& [key, node] : table) {
      path_.emplace_back(key.str());
      take(node);
      path_.pop_back();
    }
  }

  result<std::vector<toml_entry>, toml_fault> finish() {
    if (fault_)
      return std::move(*fault_);
    std::sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) {
      return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    });
    std::vector<toml_entry> all;
    for (auto& f : found_)
      all.push_back(std::move(f.entry));
    return all;
  }

private:
  /// An entry with its place: toml++ keeps tables by the order of their keys.
  struct placed {
    toml_entry entry;
    std::size_t line = 0;
    std::size_t column = 0;
  };

  static std::size_t line_of(const toml::node& node) { return node.source().begin.line; }

  void add(toml_entry entry, const toml::node& node) {
    found_.push_back({std::move(entry), line_of(node), node.source().begin.column});
  }

  void take(const toml::node& node) {
    if (const auto* table = node.as_table())
      return read(*table);
    toml_entry entry{{path_.begin(), path_.end() - 1}, path_.back(), {}, false, line_of(node)};
    if (const auto* array = node.as_array()) {
      entry.is_list = true;
      for (const auto& element : *array)
        entry.values.push_back(text_of(element));
    } else {
      entry.values.push_back(text_of(node));
    }
    add(std::move(entry), node);
  }

  std::string text_of(const toml::node& node) {
    if (const auto* text = node.as_string()) {
      if (text->get().find('\0') != std::string::npos)
        refuse(node, "has the character NUL in it");
      return text->get();
    }
    if (const auto* number = node.as_integer())
      return std::to_string(number->get());
    if (const auto* number = node.as_floating_point())
      return nekod::text_of(number->get());
    if (const auto* truth = node.as_boolean())
      return truth->get() ? "true" : "false";
    refuse(node, node.is_array()   ? "is an array in an array"
                 : node.is_table() ? "is an array of tables"
                                   : "is a date or a time");
    return {};
  }

  void refuse(const toml::node& node, const std::string& what) {
    if (fault_)
      return;
    std::string key;
    for (const auto& part : path_)
      key.append(key.empty() ? "" : ".").append(part);
    fault_ = toml_fault{line_of(node), key + " " + what + ", which no setting takes"};
  }

  std::vector<std::string> path_;
  std::vector<placed> found_;
  std::optional<toml_fault> fault_;
};

} // namespace

result<std::vector<toml_entry>, toml_fault> parse_toml(std::string_view text) {
  try {
    toml_reader reader;
    reader.read(toml::parse(text));
    return reader.finish();
  } catch (const toml::parse_error& e) {
    return toml_fault{e.source().begin.line, std::string{e.description()}};
  }
}

} // namespace nekod
