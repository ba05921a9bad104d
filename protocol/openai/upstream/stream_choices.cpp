#include "protocol/openai/upstream/stream_choices.hpp"

#include "protocol/openai/chat/chunk_form.hpp"
#include "protocol/text/json_strings.hpp"

#include <algorithm>
#include <cstdint>

namespace nekod::openai {
namespace {

/// The most choices that a request may ask for.
constexpr std::int64_t max_choices = 128;

} // namespace

result<stream_choices::facts, std::string_view>
stream_choices::take(json::value& choices, const json::value& chunk, json_pool& pool) {
  facts all;
  std::size_t position = 0;
  for (auto& choice : choices.GetArray()) {
    auto* of = state_of(choice, position++, chunk, pool, all);
    if (of == nullptr)
      return std::string_view{"a choice of the upstream's stream has no index"};
    take_choice(choice, *of, pool, all);
  }
  take_reasons(choices, pool, all);
  if (const auto problem = excess(); !problem.empty())
    return problem;
  return all;
}

void stream_choices::take_choice(json::value& choice, state& of, json_pool& pool, facts& all) {
  // Of the deltas that some servers call `message`, none repeats another.
  const auto* told = json::find(choice, "delta");
  of.has_answered |= told != nullptr && told->IsObject() && answers(*told);
  auto& delta = delta_of(choice, of.has_answered, pool, all.changed);
  all.changed |= of.calls.repair(delta, pool);
  all.changed |= repair_role(delta, !of.has_role, pool);
  all.changed |= list_content(delta, pool);
  if (&of == &choices_[0])
    message_.take(delta);
  // The conversation keeps parts as parts; the client gets text.
  all.changed |= flatten_content(delta, pool);
  all.speaks |= speaks(delta);
  all.ends |= !reason_of(choice).empty();
}

/// Records the finish reasons of a chunk's choices, and removes them from the chunk unless it has
/// only the end of one choice.
void stream_choices::take_reasons(json::value& choices, json_pool& pool, facts& all) {
  ending_ |= all.ends;
  const auto is_end = all.ends && !all.speaks && choices.Size() == 1;
  for (auto& choice : choices.GetArray()) {
    auto& of = choices_[index_of(choice)];
    const auto reason = reason_of(choice);
    if (!reason.empty()) {
      of.reason = reason;
      of.end.clear();
    }
    // A chunk without content after a finish reason is held back, and another may replace it.
    of.has_role |= all.speaks || !ending_;
    const auto* told = json::find(choice, "finish_reason");
    if (is_end || told == nullptr || told->IsNull())
      continue;
    set_member(choice, "finish_reason", json::value{}, pool);
    all.changed = true;
  }
}

/// The state of a choice, which gets an index if it has none; null if the choice is invalid.
stream_choices::state* stream_choices::state_of(json::value& choice, std::size_t position,
                                                const json::value& chunk, json_pool& pool,
                                                facts& all) {
  if (!choice.IsObject())
    return nullptr;
  const auto* told = json::find(choice, "index");
  auto index = told == nullptr ? -1 : json::integer_of(*told).value_or(-1);
  if (index < 0) {
    index = static_cast<std::int64_t>(position);
    set_member(choice, "index", json::value{index}, pool);
    all.changed = true;
  }
  if (index >= max_choices)
    return nullptr;
  const auto place = static_cast<std::size_t>(index);
  while (choices_.size() <= place)
    choices_.emplace_back().calls = call_table{seed_of(chunk) + std::to_string(choices_.size())};
  return &choices_[place];
}

/// A sentence about the limit that the choices exceed; empty if they exceed none.
std::string_view stream_choices::excess() const {
  auto size = message_.size();
  for (const auto& choice : choices_) {
    size += choice.calls.size();
    if (choice.calls.overfull())
      return "the upstream's answer has too many tool calls";
  }
  return size > max_answer_bytes ? "the upstream's answer is too long" : std::string_view{};
}

void stream_choices::keep_end(const json::value& choice, std::string_view members) {
  choices_[index_of(choice)].end = members;
}

bool stream_choices::all_ended() const {
  return !choices_.empty() && std::all_of(choices_.begin(), choices_.end(),
                                          [](const state& of) { return !of.reason.empty(); });
}

deltas stream_choices::ends() const {
  deltas result{deltas::form::members};
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    const auto& of = choices_[i];
    if (!of.end.empty()) {
      result.push_back(of.end);
      continue;
    }
    auto chunk = R"("choices":[{"index":)" + std::to_string(i) + R"(,"delta":{)" +
                 (of.has_role ? "" : R"("role":"assistant")") + R"(},"finish_reason":)";
    json::append_quoted(chunk, of.reason);
    result.push_back(chunk + "}]");
  }
  return result;
}

} // namespace nekod::openai
