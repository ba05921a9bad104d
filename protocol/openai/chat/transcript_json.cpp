#include "protocol/openai/chat/transcript_json.hpp"

#include "protocol/openai/upstream/whole_messages.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_spans.hpp"

#include <algorithm>
#include <cstddef>

namespace nekod::openai {

std::string transcript_json(const std::vector<chat::message>& transcript) {
  return transcript_json(transcript, {});
}

std::string transcript_json(std::span<const chat::message> earlier,
                            std::span<const chat::message> later) {
  constexpr std::size_t frame = 48;
  std::size_t size = 2;
  for (const auto& part : {earlier, later})
    for (const auto& m : part)
      size += frame + std::max(m.text.size(), m.json.size());
  std::string out;
  out.reserve(size);
  out += '[';
  for (const auto& part : {earlier, later})
    for (const auto& m : part) {
      if (out.size() > 1)
        out += ',';
      append_message(out, m);
    }
  out += ']';
  return out;
}

std::vector<chat::message> parse_transcript(std::string_view text) {
  std::vector<chat::message> result;
  if (!json::parse(text))
    return result;
  for (json::elements e{text}; e.next();)
    if (auto m = parse_message(e.value()))
      result.push_back(*std::move(m));
  return result;
}

} // namespace nekod::openai
