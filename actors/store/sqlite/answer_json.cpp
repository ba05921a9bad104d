#include "actors/store/sqlite/answer_json.hpp"

#include "protocol/text/json.hpp"
#include "protocol/text/json_strings.hpp"

#include <initializer_list>
#include <utility>

namespace nekod {

namespace {

using form = deltas::form;
using chat::finish_reason;

std::string_view name_of(form f) { return f == form::text ? "text" : "members"; }

void append_pieces(std::string& out, const deltas& pieces) {
  if (pieces.what == form::text) {
    out += '[';
    json::append_quoted(out, pieces.text);
    out += ']';
    return;
  }
  auto before = '[';
  pieces.for_each([&](std::string_view piece) {
    out += std::exchange(before, ',');
    json::append_quoted(out, piece);
  });
  out += pieces.empty() ? "[]" : "]";
}

/// The element of *values* with that name.
template <class T>
std::optional<T> named(std::optional<std::string_view> name, std::initializer_list<T> values) {
  for (auto v : values)
    if (name == name_of(v))
      return v;
  return std::nullopt;
}

/// The pieces of the member *name*.
std::optional<deltas> pieces_of(const json::value& object, std::string_view name, form f) {
  const auto* array = json::find(object, name);
  if (!array || !array->IsArray())
    return std::nullopt;
  deltas result{f};
  for (const auto& piece : array->GetArray()) {
    if (!piece.IsString())
      return std::nullopt;
    result.push_back(json::text_of(piece));
  }
  return result;
}

/// A time; 0 if it is not there.
std::int64_t seconds_in(const json::value& object, std::string_view name) {
  const auto* seconds = json::find(object, name);
  return seconds && seconds->IsInt64() ? seconds->GetInt64() : 0;
}

} // namespace

std::string answer_json(const answered_turn& t) {
  std::string out = R"({"id":)";
  json::append_quoted(out, t.answer_id.id);
  out += R"(,"created":)";
  out += std::to_string(t.answer_id.created);
  if (t.count)
    out.append(R"(,"count":)").append(std::to_string(*t.count));
  out += R"(,"match":")";
  out += name_of(t.match);
  out += R"(","reason":")";
  out += name_of(t.end.reason);
  out += R"(","committed":)";
  out += std::to_string(t.end.committed_at);
  out += R"(,"form":")";
  out += name_of(t.pieces.what);
  out += R"(","told":)";
  append_pieces(out, t.pieces);
  out += R"(,"rest":)";
  append_pieces(out, t.end.rest);
  return out + "}";
}

std::optional<answered_turn> parse_answer(std::string_view text) {
  auto parsed = json::parse(text);
  if (!parsed)
    return std::nullopt;
  const auto& object = parsed.root;
  using match = session_match;
  auto found = named(json::find_string(object, "match"),
                     {match::explicit_id, match::transcript, match::fresh, match::seeded});
  auto reason = named(json::find_string(object, "reason"),
                      {finish_reason::stop, finish_reason::length, finish_reason::content_filter});
  auto what = named(json::find_string(object, "form"), {form::text, form::members});
  if (!found || !reason || !what)
    return std::nullopt;
  auto pieces = pieces_of(object, "told", *what);
  auto rest = pieces_of(object, "rest", form::members);
  if (!pieces || !rest)
    return std::nullopt;
  answered_turn result;
  result.lasting = true;
  result.match = *found;
  result.answer_id.id = json::find_string(object, "id").value_or("");
  result.answer_id.created = seconds_in(object, "created");
  if (const auto* count = json::find(object, "count"); count && count->IsUint())
    result.count = count->GetUint();
  result.pieces = *std::move(pieces);
  result.end = *reason;
  result.end.committed_at = seconds_in(object, "committed");
  result.end.rest = *std::move(rest);
  return result;
}

} // namespace nekod
