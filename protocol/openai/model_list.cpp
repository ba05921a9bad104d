#include "protocol/openai/model_list.hpp"

#include "protocol/text/json.hpp"
#include "protocol/text/json_spans.hpp"

#include <set>

namespace nekod::openai {
namespace {

/// A string, or a number as text; empty for anything else.
std::string text_in(std::string_view value) {
  const auto doc = json::parse_foreign(value);
  if (!doc)
    return {};
  if (doc.root.IsString())
    return std::string{json::text_of(doc.root)};
  return doc.root.IsNumber() ? json::to_text(doc.root) : std::string{};
}

std::string name_in(std::string_view entry) {
  if (!entry.starts_with('{'))
    return text_in(entry);
  for (const auto* member : {"id", "model", "name"})
    if (auto name = text_in(json::find_span(entry, member)); !name.empty())
      return name;
  return {};
}

/// The members that clients get: each name once, and only JSON that every client can read.
/// @param is_strict Whether the whole text is known to be such JSON.
std::string members_of(std::string_view entry, bool is_strict) {
  std::string out;
  if (!entry.starts_with('{'))
    return out;
  std::set<std::string, std::less<>> seen{"id", "object"};
  for (json::members m{entry}; m.next();) {
    if (!seen.emplace(m.name()).second)
      continue;
    if (!is_strict && !json::parse("{" + std::string{m.whole()} + "}"))
      continue;
    out.append(out.empty() ? "" : ",").append(m.whole());
  }
  return out;
}

std::vector<chat::listed_model> models_in(std::string_view array, bool is_strict) {
  std::vector<chat::listed_model> models;
  for (json::elements e{array}; e.next();)
    if (auto name = name_in(e.value()); !name.empty())
      models.emplace_back(std::move(name), members_of(e.value(), is_strict));
  return models;
}

} // namespace

std::optional<std::vector<chat::listed_model>> parse_model_list(std::string_view body) {
  const bool is_strict{json::parse(body)};
  if (!is_strict && !json::parse_foreign(body))
    return std::nullopt;
  constexpr std::string_view space_and_mark = " \t\r\n\xEF\xBB\xBF";
  if (body[body.find_first_not_of(space_and_mark)] == '[')
    return models_in(body, is_strict);
  std::optional<std::vector<chat::listed_model>> result;
  for (const auto* key : {"data", "models"}) {
    const auto list = json::find_span(body, key);
    if (!list.starts_with('['))
      continue;
    result = models_in(list, is_strict);
    if (!result->empty())
      break;
  }
  return result;
}

} // namespace nekod::openai
