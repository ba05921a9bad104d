#include "protocol/openai/chat/transcript_json.hpp"

#include "protocol/openai/upstream/whole_messages.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_spans.hpp"

namespace nekod::openai {

std::string transcript_json(const std::vector<chat::message>& transcript) {
  std::string out = "[";
  for (const auto& m : transcript) {
    if (out.size() > 1)
      out += ",";
    append_message(out, m);
  }
  return out + "]";
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
