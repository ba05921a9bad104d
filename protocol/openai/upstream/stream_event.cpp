#include "protocol/openai/upstream/stream_event.hpp"

#include "protocol/text/json_spans.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace nekod::openai {
namespace {

/// The most bytes of a keep-alive event: a word, and perhaps a time.
constexpr std::size_t longest_sign = 64;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

/// Whether *text* is *word*, in upper or lower case, followed by no further letters.
bool begins_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         (text.size() == word.size() || !is_letter(text[word.size()])) &&
         std::equal(word.begin(), word.end(), text.begin(),
                    [](char a, char b) { return a == to_lower(b); });
}

/// Words that servers and proxies send to keep a connection alive, and JSON values without content.
bool is_sign_of_life(std::string_view data) {
  constexpr std::array<std::string_view, 11> words{
      "ping",       "pong",       "heartbeat", "heart-beat", "keepalive", "keep-alive",
      "keep_alive", "processing", "waiting",   "null",       "true"};
  data = trimmed(data);
  if (data.size() > longest_sign)
    return false;
  if (data.starts_with(':')) // A comment that some proxy put into an event.
    return true;
  if (data.starts_with('"'))
    data.remove_prefix(1);
  const auto is_number = data.find_first_not_of("0123456789.") == data.npos;
  return is_number || std::any_of(words.begin(), words.end(), [&](std::string_view word) {
           return begins_with_word(data, word);
         });
}

/// The value of a field `error`, which llama.cpp wrote in place of an event; empty if a line is
/// none.
std::string_view error_field(std::string_view line) {
  constexpr std::string_view name = "error:";
  const auto value = line.starts_with(name) ? trimmed(line.substr(name.size())) : "";
  return value.starts_with('{') ? value : std::string_view{};
}

stream_event event_of_line(std::string_view line) {
  if (!error_field(line).empty())
    return stream_event::failure;
  return line.starts_with('{') ? stream_event::chunk : stream_event::nothing;
}

/// Whether an object is part of an answer, whatever its event is called.
bool concerns_answer(std::string_view object) {
  return !json::find_span(object, "choices").empty() || !json::find_span(object, "error").empty();
}

} // namespace

stream_event event_of(const sse::item& item) {
  if (item.stray)
    return event_of_line(item.data);
  const auto named = !item.name.empty() && item.name != "message";
  if (item.data.starts_with('{') &&
      (!named || (item.name != "error" && concerns_answer(item.data))))
    return stream_event::chunk;
  if (trimmed(item.data).starts_with("[DONE]"))
    return stream_event::done;
  if (item.name == "error")
    return stream_event::failure;
  if (named)
    return stream_event::foreign;
  if (item.data.empty())
    return stream_event::nothing;
  return is_sign_of_life(item.data) ? stream_event::foreign : stream_event::chunk;
}

std::string_view failure_text(const sse::item& item) {
  return item.stray ? error_field(item.data) : item.data;
}

} // namespace nekod::openai
