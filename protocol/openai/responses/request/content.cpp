#include "protocol/openai/responses/request/content.hpp"

#include "protocol/openai/body_checks.hpp"
#include "protocol/openai/responses/request/create_values.hpp"
#include "protocol/text/json_strings.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace nekod::openai::responses {
namespace {

using chat::failure;
using chat::failure_code;
using part_json = result<std::string, failure>;

std::string text_part(std::string_view text, chat::role speaker, const json::value* from) {
  const auto answers = speaker == chat::role::assistant;
  std::string out =
      answers ? R"({"type":"output_text","text":)" : R"({"type":"input_text","text":)";
  json::append_quoted(out, text);
  if (answers)
    for (const std::string_view name : {"annotations", "logprobs"}) {
      const auto* list = from == nullptr ? nullptr : json::find(*from, name);
      out.append(",\"").append(name).append("\":");
      out += list != nullptr && list->IsArray() ? json::to_text(*list) : "[]";
    }
  return out += '}';
}

bool is_text_type(std::string_view type) {
  constexpr auto types = std::to_array<std::string_view>(
      {"input_text", "output_text", "text", "summary_text", "reasoning_text"});
  return std::ranges::find(types, type) != types.end();
}

/// The failure of a part that names its data by a member that no chat upstream can follow.
std::optional<failure> unreachable(const json::value& part, std::string_view name,
                                   const std::string& place) {
  if (value_of(part, name) == nullptr)
    return std::nullopt;
  return failure{failure_code::unsupported_parameter, place + "." + std::string{name},
                 "send the data itself"};
}

part_json image_part(const json::value& part, const std::string& place) {
  if (value_of(part, "image_url") == nullptr)
    if (auto e = unreachable(part, "file_id", place))
      return *std::move(e);
  const auto url = required_string(part, "image_url", place);
  if (!url)
    return url.error();
  std::string_view detail = "auto";
  if (value_of(part, "detail") != nullptr) {
    const auto named = required_string(part, "detail", place);
    if (!named)
      return named.error();
    constexpr auto details = std::to_array<std::string_view>({"auto", "low", "high", "original"});
    if (std::ranges::find(details, *named) == details.end())
      return failure{failure_code::invalid_value, place + ".detail",
                     "expected auto, low, high or original"};
    detail = *named;
  }
  std::string out = R"({"type":"input_image","image_url":)";
  json::append_quoted(out, *url);
  return out.append(R"(,"detail":")").append(detail).append("\"}");
}

part_json file_part(const json::value& part, const std::string& place) {
  if (value_of(part, "file_data") == nullptr)
    for (const auto* name : {"file_url", "file_id"})
      if (auto e = unreachable(part, name, place))
        return *std::move(e);
  const auto data = required_string(part, "file_data", place);
  if (!data)
    return data.error();
  std::string out = R"({"type":"input_file")";
  if (value_of(part, "filename") != nullptr) {
    const auto name = required_string(part, "filename", place);
    if (!name)
      return name.error();
    out += R"(,"filename":)";
    json::append_quoted(out, *name);
  }
  out += R"(,"file_data":)";
  json::append_quoted(out, *data);
  return out += '}';
}

part_json audio_part(const json::value& part, const std::string& place) {
  const auto* audio = json::find(part, "input_audio");
  if (audio == nullptr || !audio->IsObject())
    return wrong_type(place + ".input_audio", "an object");
  return R"({"type":"input_audio","input_audio":)" + json::to_text(*audio) + "}";
}

part_json refusal_part(const json::value& part, const std::string& place) {
  const auto text = required_string(part, "refusal", place);
  if (!text)
    return text.error();
  std::string out = R"({"type":"refusal","refusal":)";
  json::append_quoted(out, *text);
  return out += '}';
}

/// One part in canonical form; empty for one to leave out.
part_json canonical_part(const json::value& part, chat::role speaker, const std::string& place) {
  if (!part.IsObject())
    return wrong_type(place, "an object");
  const auto type = required_string(part, "type", place);
  if (!type)
    return type.error();
  if (is_text_type(*type)) {
    const auto text = required_string(part, "text", place);
    if (!text)
      return text.error();
    return text_part(*text, speaker, &part);
  }
  if (*type == "refusal")
    return refusal_part(part, place);
  if (speaker == chat::role::assistant)
    return std::string{};
  const auto may_hold_data = speaker == chat::role::user || speaker == chat::role::tool;
  if (may_hold_data && *type == "input_image")
    return image_part(part, place);
  if (may_hold_data && *type == "input_file")
    return file_part(part, place);
  if (may_hold_data && *type == "input_audio")
    return audio_part(part, place);
  return failure{failure_code::invalid_value, place + ".type",
                 may_hold_data ? "expected input_text, input_image, input_file or input_audio"
                               : "expected input_text"};
}

/// *part*, in canonical form, as a part of chat completions.
std::string chat_part(const json::value& part) {
  std::string out;
  const auto type = json::find_string(part, "type");
  if (type == "input_image") {
    out += R"({"type":"image_url","image_url":{"url":)";
    json::append_quoted(out, json::find_string(part, "image_url").value_or(std::string_view{}));
    // Chat completions have no `original`.
    if (const auto detail = json::find_string(part, "detail"); detail && *detail != "auto")
      out.append(R"(,"detail":")").append(*detail == "low" ? "low" : "high").append("\"");
    return out += "}}";
  }
  if (type == "input_file") {
    out += R"({"type":"file","file":{)";
    if (const auto name = json::find_string(part, "filename")) {
      out += R"("filename":)";
      json::append_quoted(out, *name);
      out += ',';
    }
    out += R"("file_data":)";
    json::append_quoted(out, json::find_string(part, "file_data").value_or(std::string_view{}));
    return out += "}}";
  }
  return json::to_text(part);
}

} // namespace

result<std::string, failure> canonical_content(const json::value& content, chat::role speaker,
                                               const std::string& place) {
  if (content.IsString())
    return "[" + text_part(json::text_of(content), speaker, nullptr) + "]";
  if (!content.IsArray())
    return wrong_type(place, "a string or an array of parts");
  std::string out = "[";
  for (rapidjson::SizeType i = 0; i < content.Size(); ++i) {
    const auto part = canonical_part(content[i], speaker, element(place, i));
    if (!part)
      return part.error();
    if (!part->empty())
      out.append(out.size() > 1 ? "," : "").append(*part);
  }
  return out += ']';
}

std::string chat_content::text() const {
  std::string out;
  auto first = true;
  for (const auto& p : parts) {
    if (!p.is_text)
      continue;
    if (!std::exchange(first, false))
      out += '\n';
    out += p.what;
  }
  return out;
}

bool chat_content::is_text() const noexcept { return std::ranges::all_of(parts, &part::is_text); }

std::string chat_content::array() const {
  std::string out = "[";
  for (const auto& p : parts) {
    if (out.size() > 1)
      out += ',';
    if (p.is_text) {
      out += R"({"type":"text","text":)";
      json::append_quoted(out, p.what);
      out += '}';
    } else
      out += p.what;
  }
  return out += ']';
}

chat_content read_content(const json::value* content) {
  chat_content result;
  if (content == nullptr)
    return result;
  if (content->IsString())
    result.parts.push_back({0, true, std::string{json::text_of(*content)}});
  if (!content->IsArray())
    return result;
  for (rapidjson::SizeType i = 0; i < content->Size(); ++i) {
    const auto& part = (*content)[i];
    auto text = json::find_string(part, "text");
    if (!text)
      text = json::find_string(part, "refusal");
    result.parts.push_back({i, text.has_value(), text ? std::string{*text} : chat_part(part)});
  }
  return result;
}

} // namespace nekod::openai::responses
