#include "protocol/chat/message_layout.hpp"

#include "protocol/chat/message.hpp"

#include <algorithm>
#include <iterator>

namespace nekod::chat {
namespace {

bool answers(const message& m) noexcept {
  return m.speaker == role::assistant && says_something(m);
}

/// The index after the last answer before *end*; 0 if there is none.
std::size_t behind_last_answer(const std::vector<message>& messages, std::size_t end) noexcept {
  while (end > 0 && !answers(messages[end - 1]))
    --end;
  return end;
}

/// The index of the last message with content, if it is the assistant's; else the number of
/// messages.
std::size_t place_of_prefill(const std::vector<message>& messages) noexcept {
  const auto last = std::find_if(messages.rbegin(), messages.rend(), says_something);
  if (last == messages.rend() || last->speaker != role::assistant)
    return messages.size();
  return static_cast<std::size_t>(std::distance(last, messages.rend())) - 1;
}

} // namespace

bool instructs(const message& m) noexcept {
  return m.speaker == role::system || m.speaker == role::developer;
}

message_layout layout_of(const std::vector<message>& messages) noexcept {
  message_layout result;
  result.instructions = static_cast<std::size_t>(std::distance(
      messages.begin(), std::find_if_not(messages.begin(), messages.end(), instructs)));
  result.prefill = place_of_prefill(messages);
  const auto behind = behind_last_answer(messages, result.prefill);
  result.has_answer = behind > 0;
  result.tells_conversation = result.has_answer || result.prefill < messages.size();
  result.fresh = std::max(behind, result.instructions);
  const auto begin = messages.begin() + static_cast<std::ptrdiff_t>(result.fresh);
  result.asks = std::any_of(begin, messages.end(), [](const message& m) {
    return !instructs(m) && m.speaker != role::assistant && says_something(m);
  });
  return result;
}

} // namespace nekod::chat
