#include "protocol/openai/transcript_json.hpp"

#include "protocol/json.hpp"

namespace nekod::openai {

std::string transcript_json(const std::vector<message>& transcript) {
  std::string out = "[";
  for (const auto& m : transcript) {
    if (out.size() > 1)
      out += ",";
    out.append(R"({"role":")").append(name_of(m.speaker)).append(R"(","content":)");
    json::append_quoted(out, m.text);
    out += "}";
  }
  return out + "]";
}

std::vector<message> parse_transcript(std::string_view text) {
  std::vector<message> result;
  auto document = json::parse(text);
  if (!document || !document.root.IsArray())
    return result;
  for (const auto& entry : document.root.GetArray()) {
    auto speaker = json::find_string(entry, "role");
    auto said = json::find_string(entry, "content");
    auto known = speaker ? role_named(*speaker) : std::nullopt;
    if (known && said)
      result.emplace_back(*known, std::string{*said});
  }
  return result;
}

} // namespace nekod::openai
