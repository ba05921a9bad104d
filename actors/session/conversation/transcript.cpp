#include "actors/session/conversation/transcript.hpp"

#include "protocol/chat/message.hpp"
#include "protocol/chat/message_layout.hpp"

#include <algorithm>
#include <iterator>

namespace nekod {

namespace {

using chat::instructs;

constexpr std::string_view new_message_label = "[New message]\n";

std::string_view label(chat::role speaker) {
  switch (speaker) {
  case chat::role::user:
    return "User: ";
  case chat::role::assistant:
    return "Assistant: ";
  case chat::role::tool:
  case chat::role::function:
    return "Tool: ";
  default:
    return "";
  }
}

/// The longest start of *text* of at most *limit* bytes that ends between two characters.
std::string_view whole_characters(std::string_view text, std::size_t limit) {
  if (text.size() <= limit)
    return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80)
    --limit;
  return text.substr(0, limit);
}

std::string instructions(const std::vector<chat::message>& earlier, std::size_t limit) {
  std::string result;
  for (const auto& m : earlier) {
    if (!instructs(m) || m.text.empty())
      continue;
    if (!result.empty())
      result += "\n\n";
    result += m.text;
  }
  result.resize(whole_characters(result, limit).size());
  return result;
}

std::string newest_turns(const std::vector<chat::message>& earlier, std::size_t limit) {
  std::vector<std::string> lines;
  for (auto m = earlier.rbegin(); m != earlier.rend(); ++m) {
    if (instructs(*m) || m->text.empty())
      continue;
    auto line = std::string{label(m->speaker)} + m->text + "\n\n";
    if (line.size() > limit)
      break;
    limit -= line.size();
    lines.push_back(std::move(line));
  }
  std::string result;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    result += *line;
  return result;
}

} // namespace

void append(std::vector<chat::message>& transcript, chat::message m) {
  constexpr auto longest = max_transcript_bytes - sizeof(chat::message);
  m.text.resize(whole_characters(m.text, longest).size());
  if (!m.text.empty())
    transcript.push_back(std::move(m));
}

void keep_newest(std::vector<chat::message>& transcript, std::size_t limit) {
  constexpr auto newest_turn = 2;
  auto size_of = [](const chat::message& m) { return m.text.size() + sizeof(m); };
  auto body = std::find_if_not(transcript.begin(), transcript.end(), instructs);
  std::size_t size = 0;
  for (auto m = transcript.begin(); m != body; ++m)
    size += size_of(*m);
  if (size > limit)
    body = transcript.begin(); // A prompt that leaves no room is dropped like other messages.
  size = body == transcript.begin() ? 0 : size;
  auto first_kept = transcript.end();
  while (first_kept != body && size + size_of(*std::prev(first_kept)) <= limit)
    size += size_of(*--first_kept);
  if (first_kept == body)
    return;
  while (size > limit - limit / 4 && transcript.end() - first_kept > newest_turn)
    size -= size_of(*first_kept++);
  transcript.erase(body, first_kept);
}

std::string said_together(const std::vector<chat::message>& messages) {
  const auto spoken = std::count_if(messages.begin(), messages.end(), chat::says_something);
  std::string result;
  for (const auto& m : messages) {
    if (m.text.empty() || (spoken > 1 && !chat::says_something(m)))
      continue;
    if (!result.empty())
      result += "\n\n";
    if (m.speaker != chat::role::user)
      result += label(m.speaker);
    result += m.text;
  }
  return result;
}

std::string with_preamble(const std::vector<chat::message>& earlier, const std::string& text,
                          std::size_t limit) {
  auto prompt = instructions(earlier, limit);
  auto turns = newest_turns(earlier, limit - prompt.size());
  if (prompt.empty() && turns.empty())
    return text;
  std::string result;
  if (!prompt.empty())
    result += "[Instructions]\n" + prompt + "\n\n";
  if (!turns.empty())
    result += "[Conversation so far]\n" + turns;
  result += new_message_label;
  result += text;
  return result;
}

bool tells(std::string_view told, std::string_view text) {
  if (!told.ends_with(text))
    return false;
  told.remove_suffix(text.size());
  return told.empty() || told.ends_with(new_message_label);
}

} // namespace nekod
