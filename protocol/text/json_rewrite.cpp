#include "protocol/text/json_rewrite.hpp"

#include "protocol/text/json_spans.hpp"
#include "protocol/text/json_strings.hpp"

namespace nekod::json {
namespace {

// The depth is bounded: `max_depth`, and the depth of what was added.
void write(std::string& out, const value& v, std::string_view text);

/// A member as it was written.
struct written_member {
  /// From the name's quote up to the value; empty if there was no such member.
  std::string_view before;
  std::string_view value;
};

written_member find_written(std::string_view object, std::string_view name) {
  for (members m{object}; m.next();)
    if (m.name() == name)
      return {m.whole().substr(0, m.whole().size() - m.value().size()), m.value()};
  return {};
}

void write_object(std::string& out, const value& v, std::string_view text) {
  auto before = '{';
  for (const auto& m : v.GetObject()) {
    out += before;
    before = ',';
    const auto known = find_written(text, text_of(m.name));
    if (known.before.empty()) {
      append_quoted(out, text_of(m.name));
      out += ':';
    }
    out += known.before;
    write(out, m.value, known.value);
  }
  out += before == '{' ? "{}" : "}";
}

void write_array(std::string& out, const value& v, std::string_view text) {
  elements known{text};
  auto before = '[';
  for (const auto& element : v.GetArray()) {
    out += before;
    before = ',';
    write(out, element, known.next() ? known.value() : std::string_view{});
  }
  out += before == '[' ? "[]" : "]";
}

void write(std::string& out, const value& v, std::string_view text) {
  if (v.IsObject() && text.starts_with('{'))
    return write_object(out, v, text);
  if (v.IsArray() && text.starts_with('['))
    return write_array(out, v, text);
  const auto was = parse(text);
  if (was && was.root == v)
    out += text;
  else
    out += to_text(v);
}

} // namespace

std::string rewritten(const value& v, std::string_view text) {
  std::string out;
  write(out, v, text);
  return out;
}

} // namespace nekod::json
