#include "actors/transcript.hpp"

#include <algorithm>

namespace nekod {

namespace {

constexpr std::string_view new_message_label = "[New message]\n";

bool instructs(const openai::message& m) {
  return m.speaker == openai::role::system || m.speaker == openai::role::developer;
}

std::string_view label(openai::role speaker) {
  switch (speaker) {
  case openai::role::user:
    return "User: ";
  case openai::role::assistant:
    return "Assistant: ";
  case openai::role::tool:
  case openai::role::function:
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

std::string instructions(const std::vector<openai::message>& earlier, std::size_t limit) {
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

std::string newest_turns(const std::vector<openai::message>& earlier, std::size_t limit) {
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

void append(std::vector<openai::message>& transcript, openai::role speaker, std::string text) {
  constexpr auto longest = max_transcript_bytes - sizeof(openai::message);
  text.resize(whole_characters(text, longest).size());
  if (!text.empty())
    transcript.emplace_back(speaker, std::move(text));
}

void keep_newest(std::vector<openai::message>& transcript, std::size_t limit) {
  std::size_t size = 0;
  auto first_kept = transcript.end();
  while (first_kept != transcript.begin()) {
    const auto& message = *std::prev(first_kept);
    size += message.text.size() + sizeof(message);
    if (size > limit)
      break;
    --first_kept;
  }
  transcript.erase(transcript.begin(), first_kept);
}

std::string with_preamble(const std::vector<openai::message>& earlier, const std::string& text,
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
