#include "protocol/openai/upstream/chunk_halves.hpp"

#include "protocol/text/json_spans.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace nekod::openai {
namespace {

/// The most tool calls with a waiting half: bounds the number of halves.
constexpr std::int64_t max_calls = 128;

/// Whether a member of a delta is a text that continues in later chunks.
bool is_text(std::string_view name) {
  constexpr std::array<std::string_view, 4> texts{"content", "refusal", "reasoning_content",
                                                  "reasoning"};
  return std::find(texts.begin(), texts.end(), name) != texts.end();
}

/// The index of a choice, which the first one may omit; negative if it is invalid.
std::int64_t choice_index(const json::value& choice) {
  const auto* v = json::find(choice, "index");
  return v == nullptr ? 0 : json::integer_of(*v).value_or(-1);
}

/// The index of a call; negative if it has none.
std::int64_t call_index(std::string_view call) {
  const auto text = json::find_span(call, "index");
  const auto* end = text.data() + text.size();
  std::int64_t index = -1;
  const auto read = std::from_chars(text.data(), end, index);
  return read.ec == std::errc{} && read.ptr == end ? index : -1;
}

} // namespace

std::optional<std::string> chunk_halves::join(std::string_view chunk) {
  const auto doc = json::parse_foreign(chunk);
  if (!doc)
    return std::nullopt;
  json::joined_text out{chunk};
  const auto* choices = json::find(doc.root, "choices");
  if (choices != nullptr && choices->IsArray()) {
    json::elements spans{json::find_span(chunk, "choices")};
    for (const auto& choice : choices->GetArray()) {
      spans.next();
      join_delta(out, {choice_index(choice), {}, {}}, json::find_span(spans.value(), "delta"));
    }
  }
  return out.finish();
}

void chunk_halves::join_delta(json::joined_text& out, text_key at, std::string_view delta) {
  if (!delta.starts_with('{'))
    return;
  for (json::members m{delta}; m.next();) {
    if (m.name() == "tool_calls") {
      join_calls(out, at, m.value());
    } else if (is_text(m.name())) {
      at.name = m.name();
      join_text(out, at, m.value());
    }
  }
}

void chunk_halves::join_calls(json::joined_text& out, text_key at, std::string_view calls) {
  if (!calls.starts_with('['))
    return;
  at.name = "arguments";
  for (json::elements call{calls}; call.next();) {
    if (!call.value().starts_with('{'))
      continue;
    const auto index = call_index(call.value());
    const auto function = json::find_span(call.value(), "function");
    if (index < 0 || index >= max_calls || !function.starts_with('{'))
      continue;
    at.call = index;
    join_text(out, at, json::find_span(function, at.name));
  }
}

void chunk_halves::join_text(json::joined_text& out, const text_key& at, std::string_view quoted) {
  const auto known = waiting_.find(at);
  auto half = known == waiting_.end() ? std::string{} : known->second;
  out.join(quoted, half);
  if (!half.empty())
    waiting_.insert_or_assign(at, std::move(half));
  else if (known != waiting_.end())
    waiting_.erase(known);
}

std::vector<std::string> chunk_halves::take_left() {
  std::vector<std::string> chunks;
  for (const auto& [at, half] : std::exchange(waiting_, {}))
    chunks.push_back(chunk_of(at));
  return chunks;
}

std::string chunk_halves::chunk_of(const text_key& at) {
  const auto text = '"' + at.name + R"(":"\ufffd")";
  auto delta = at.call ? R"("tool_calls":[{"index":)" + std::to_string(*at.call) +
                             R"(,"function":{)" + text + "}}]"
                       : text;
  return R"({"choices":[{"index":)" + std::to_string(at.choice) + R"(,"delta":{)" + delta +
         R"(},"finish_reason":null}]})";
}

} // namespace nekod::openai
