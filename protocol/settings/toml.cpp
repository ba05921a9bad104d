#include "protocol/settings/toml.hpp"

namespace {

/// Some malformed texts make toml++'s assertions fail.
struct broken_assertion {};

constexpr void require(bool holds) {
  if (!holds)
    throw broken_assertion{};
}

} // namespace

// With NDEBUG such a text would cause undefined behaviour; without it, it would end the process.
#undef NDEBUG
#define TOML_ASSERT(expr) ::require(static_cast<bool>(expr))
// From version 3.4 on its headers have other names.
#if __has_include(<toml++/impl/forward_declarations.hpp>)
#include <toml++/impl/forward_declarations.hpp>
#else
#include <toml++/impl/forward_declarations.h>
#endif
// toml++ takes for impossible that a letter near some white space in Unicode is none.
#pragma push_macro("TOML_UNREACHABLE")
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE return false
#if __has_include(<toml++/impl/unicode.hpp>)
#include <toml++/impl/unicode.hpp>
#else
#include <toml++/impl/unicode.h>
#endif
#pragma pop_macro("TOML_UNREACHABLE")
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tuple>

namespace nekod {
namespace {

/// The most parts of a dotted key: toml++ limits the depth of values but not that of keys, and both
/// toml++ and the reader below recurse for each level.
constexpr std::size_t longest_key = 8;

/// Finds input that toml++ 3.3 must not get: characters that TOML allows only in strings and
/// comments, some of which it looks up in tables beyond their end, and very long keys.
class plain_text_check {
public:
  /// @returns the first such fault; nothing if there is none.
  std::optional<toml_fault> fault_of(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    rest_ = text.substr(text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0);
    while (!rest_.empty()) {
      const auto c = rest_.front();
      if (c == '#')
        skip(std::min(rest_.find('\n'), rest_.size()));
      else if (c == '"' || c == '\'')
        skip_string(c);
      else if ((c & 0x80) != 0)
        return toml_fault{line_,
                          "only strings and comments may contain characters other than ASCII"};
      else if (key_goes_on(c))
        skip(1);
      else
        return toml_fault{line_,
                          "a key may have at most " + std::to_string(longest_key) + " parts"};
    }
    return std::nullopt;
  }

private:
  /// Counts the dots between characters that end a key.
  bool key_goes_on(char c) {
    if (c == '.')
      return ++parts_ <= longest_key;
    if (std::string_view{"\n,=[]{}"}.find(c) != std::string_view::npos)
      parts_ = 1;
    return true;
  }

  void skip(std::size_t size) {
    const auto passed = rest_.substr(0, size);
    line_ += static_cast<std::size_t>(std::count(passed.begin(), passed.end(), '\n'));
    rest_.remove_prefix(size);
  }

  /// Skips a string to its end, or to the end of its line if it is not closed there but must be.
  void skip_string(char quote) {
    const auto is_long = rest_.starts_with(std::string(3, quote));
    const std::string end(is_long ? 3 : 1, quote);
    auto at = end.size();
    while (at < rest_.size() && rest_.substr(at, end.size()) != end &&
           (is_long || rest_[at] != '\n'))
      at += quote == '"' && rest_[at] == '\\' ? 2 : 1;
    skip(std::min(at + end.size(), rest_.size()));
  }

  std::string_view rest_;
  std::size_t line_ = 1;
  std::size_t parts_ = 1;
};

/// The line of the first table header without a key, such as `[.a]`; 1 if there is none.
std::size_t line_without_key(std::string_view text) {
  constexpr std::string_view before_key = " \t[";
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto row = text.substr(0, end);
    const auto key = row.find_first_not_of(before_key);
    const auto is_header = row.substr(0, key).find('[') != row.npos;
    const auto has_key =
        key != row.npos &&
        (row[key] == '"' || row[key] == '\'' || row[key] == '-' || row[key] == '_' ||
         (row[key] >= '0' && row[key] <= '9') || (row[key] >= 'A' && row[key] <= 'Z') ||
         (row[key] >= 'a' && row[key] <= 'z'));
    if (is_header && !has_key)
      return line;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return 1;
}

/// A number in decimal digits that every parser of numbers accepts; nan and inf as such.
std::string text_of(double number) {
  std::array<char, 400> digits{};
  auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed);
  return {digits.data(), end.ptr};
}

/// Walks through the tables of a document; keeps the first fault.
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
  /// An entry with its position: toml++ orders tables by their keys.
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
      return path_.size() < deepest_table ? read(*table) : refuse(node, "is nested too deeply");
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
        refuse(node, "contains the character NUL");
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
    fault_ = toml_fault{line_of(node), key + " " + what + ", which no setting accepts"};
  }

  /// toml++ allows 256 nested inline tables, each with a key of several parts.
  static constexpr std::size_t deepest_table = 2 * longest_key;

  std::vector<std::string> path_;
  std::vector<placed> found_;
  std::optional<toml_fault> fault_;
};

} // namespace

result<std::vector<toml_entry>, toml_fault> parse_toml(std::string_view text) {
  if (auto fault = plain_text_check{}.fault_of(text))
    return std::move(*fault);
  try {
    toml_reader reader;
    reader.read(toml::parse(text));
    return reader.finish();
  } catch (const toml::parse_error& e) {
    return toml_fault{e.source().begin.line, std::string{e.description()}};
  } catch (const broken_assertion&) {
    return toml_fault{line_without_key(text), "a table needs a name of A-Z a-z 0-9 - _, or one in "
                                              "quotes"};
  }
}

} // namespace nekod
