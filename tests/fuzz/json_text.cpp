#include "protocol/text/json_spans.hpp"
#include "protocol/text/json_strings.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/targets.hpp"

#include <string>

namespace nekod::fuzz {
namespace {

void check_same(const json::value& v, std::string_view span);

void check_members(const json::value& object, std::string_view span) {
  json::members m{span};
  for (const auto& expected : object.GetObject()) {
    check(m.next(), "each member of an object is found");
    check(m.name() == json::text_of(expected.name), "a member has its name");
    check_same(expected.value, m.value());
    const auto alone = "{" + std::string{m.whole()} + "}";
    check(bool{json::parse(alone)}, "a member stands for itself");
    check(json::find_span(span, m.name()).data() <= m.value().data(),
          "the first of a name is found");
  }
  check(!m.next(), "an object ends");
}

void check_elements(const json::value& array, std::string_view span) {
  json::elements e{span};
  for (const auto& expected : array.GetArray()) {
    check(e.next(), "each element of an array is found");
    check_same(expected, e.value());
  }
  check(!e.next(), "an array ends");
}

/// The value *v* that is written as *span* in a text.
void check_same(const json::value& v, std::string_view span) {
  const auto alone = json::parse(span);
  check(alone && json::to_text(alone.root) == json::to_text(v), "a span is its value");
  if (v.IsObject())
    check_members(v, span);
  if (v.IsArray())
    check_elements(v, span);
}

/// Iterates over an arbitrary text: must end, and stay within the text.
void go_through(std::string_view text) {
  std::size_t steps = 0;
  for (json::members m{text}; m.next();)
    check(++steps <= text.size(), "going through members ends");
  steps = 0;
  for (json::elements e{text}; e.next();)
    check(++steps <= text.size(), "going through elements ends");
}

} // namespace

void json_text(std::string_view input) {
  go_through(input);
  const auto doc = json::parse(input);
  if (!doc) {
    check(doc.offset <= input.size(), "a fault lies in its text");
    return;
  }
  const auto written = json::to_text(doc.root);
  const auto again = json::parse(written);
  check(again && json::to_text(again.root) == written, "what is written is read back");
  if (doc.root.IsObject())
    check_members(doc.root, input);
  if (doc.root.IsArray())
    check_elements(doc.root, input);
  if (doc.root.IsString()) {
    std::string quoted;
    json::append_quoted(quoted, json::text_of(doc.root));
    const auto back = json::parse(quoted);
    check(back && json::text_of(back.root) == json::text_of(doc.root), "a text is read back");
  }
}

} // namespace nekod::fuzz
