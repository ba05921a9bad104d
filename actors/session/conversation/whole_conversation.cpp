#include "actors/session/conversation/whole_conversation.hpp"

#include "protocol/openai/chat/transcript_json.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"

#include <optional>
#include <utility>

namespace nekod {

namespace {

using openai::error;
using openai::error_code;
using openai::message;
using messages = std::vector<message>;
using span_of_messages = std::span<const message>;

/// The place in *all* from which on it says what *told* says, which says something; nothing where
/// it does not end so. Messages that say nothing do not count.
std::optional<std::size_t> place_of_end(span_of_messages all, span_of_messages told) {
  auto place = all.size();
  auto compared = std::size_t{0};
  for (auto m = told.rbegin(); m != told.rend(); ++m) {
    if (!openai::says_something(*m))
      continue;
    while (place > 0 && !openai::says_something(all[place - 1]))
      --place;
    if (place == 0 || !openai::say_the_same(all[place - 1], *m))
      return std::nullopt;
    --place;
    ++compared;
  }
  return compared > 0 ? std::optional{place} : std::nullopt;
}

/// The place behind the last answer that is followed by words, whether it says anything or not.
std::size_t behind_any_answer(span_of_messages all) {
  auto end = all.size();
  while (end > 0 && !openai::says_something(all[end - 1]))
    --end;
  while (end > 0 && all[end - 1].speaker != openai::role::assistant)
    --end;
  return end;
}

/// Whether the last answer said nothing, so that nothing tells it from none.
bool ends_silent(const messages& all) {
  return !all.empty() && !openai::says_something(all.back());
}

error too_long(std::size_t limit, const char* of) {
  return {error_code::conversation_too_large,
          {},
          "at most " + std::to_string(limit) + " " + of + " are kept of a conversation"};
}

} // namespace

result<std::string, error> whole_conversation::begin(const openai::chat_request& r, bool named) {
  const auto layout = openai::layout_of(r.messages);
  const auto before = named ? what_stays(r, layout) : span_of_messages{};
  const auto spans = openai::message_spans(r);
  auto tell = [&](std::size_t from, std::size_t to) {
    for (auto i = from; i < to; ++i)
      next_.push_back(openai::kept_message(r.messages[i], spans[i]));
  };
  next_.clear();
  tell(0, layout.instructions);
  next_.insert(next_.end(), before.begin(), before.end());
  tell(layout.instructions, r.messages.size());
  prefilled_ = layout.prefill < r.messages.size();
  if (next_.size() > limits_.messages)
    return too_long(limits_.messages, "messages");
  // What the request tells alone goes on in its bytes.
  auto told =
      before.empty() ? std::string{openai::messages_span(r)} : openai::transcript_json(next_);
  if (told.size() > limits_.bytes)
    return too_long(limits_.bytes, "bytes");
  return told;
}

/// The messages of the conversation that the request's own ones follow, behind its prompt if it has
/// one. Of a conversation that the request tells these are the ones before that; where it tells
/// another course, there are none.
std::span<const message>
whole_conversation::what_stays(const openai::chat_request& r,
                               const openai::message_layout& layout) const {
  const span_of_messages kept{kept_};
  const auto prompt = openai::layout_of(kept_).instructions;
  const auto begin = layout.instructions > 0 ? prompt : std::size_t{0};
  const auto told = span_of_messages{r.messages}.subspan(layout.instructions);
  const auto fresh =
      layout.tells_conversation ? layout.fresh - layout.instructions : behind_any_answer(told);
  const auto place = place_of_end(kept.subspan(prompt), told.first(fresh));
  if (place && (layout.tells_conversation || ends_silent(kept_)))
    return kept.subspan(begin, prompt + *place - begin);
  return layout.tells_conversation ? span_of_messages{} : kept.subspan(begin);
}

void whole_conversation::answer(message said) {
  while (prefilled_ && !openai::says_something(next_.back()))
    next_.pop_back();
  if (prefilled_) {
    said = openai::with_prefill(next_.back(), std::move(said));
    next_.pop_back();
  }
  next_.push_back(std::move(said));
}

message_changes whole_conversation::take_kept_changes() {
  const auto stored = std::exchange(stored_, kept_.size());
  return {stored, {kept_.begin() + static_cast<std::ptrdiff_t>(stored), kept_.end()}};
}

message_changes whole_conversation::changes() const {
  const auto same = common_beginning(span_of_messages{kept_}.first(stored_), next_);
  return {same, {next_.begin() + static_cast<std::ptrdiff_t>(same), next_.end()}};
}

} // namespace nekod
