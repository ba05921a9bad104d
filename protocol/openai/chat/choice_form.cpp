#include "protocol/openai/chat/choice_form.hpp"

#include <algorithm>
#include <utility>

namespace nekod::openai {
namespace {

/// The texts in a list of parts.
struct texts {
  std::string text;
  std::string thinking;
  bool has_text = false;
};

/// Nothing if a part is neither text nor reasoning.
std::optional<texts> texts_of(const json::value& parts) {
  texts all;
  for (const auto& part : parts.GetArray()) {
    if (const auto text = text_of_part(part)) {
      all.text += *text;
      all.has_text = true;
    } else if (const auto thinking = thinking_of_part(part)) {
      all.thinking += *thinking;
    } else {
      return std::nullopt;
    }
  }
  return all;
}

void add_reasoning(json::value& message, std::string thinking, json_pool& pool) {
  constexpr std::string_view name = "reasoning_content";
  if (const auto told = json::find_string(message, name))
    thinking.insert(0, *told);
  set_member(message, name, string_value(thinking, pool), pool);
}

} // namespace

std::string_view reason_of(const json::value& choice) {
  const auto reason = json::find_string(choice, "finish_reason").value_or(std::string_view{});
  return reason == "null" ? std::string_view{} : reason;
}

bool says_anything(const json::value& v) {
  return !v.IsNull() && !(v.IsString() && v.GetStringLength() == 0) && !(v.IsArray() && v.Empty());
}

bool comes_in_pieces(std::string_view name) {
  const auto has = [&](std::string_view word) { return name.find(word) != name.npos; };
  return (has("reasoning") || has("think") || has("thought")) && !has("signature");
}

bool is_first(const json::value& object, const json::value::Member& member) {
  return json::find(object, json::text_of(member.name)) == &member.value;
}

std::optional<std::string_view> text_of_part(const json::value& part) {
  if (part.IsString())
    return json::text_of(part);
  const auto type = json::find_string(part, "type");
  if (type != "text" && type != "output_text")
    return std::nullopt;
  return json::find_string(part, "text");
}

std::optional<std::string> thinking_of_part(const json::value& part) {
  const auto type = json::find_string(part, "type");
  if (type != "thinking" && type != "reasoning")
    return std::nullopt;
  const auto* thought = json::find(part, *type);
  if (thought == nullptr)
    thought = json::find(part, "text");
  if (thought == nullptr)
    return std::string{};
  if (thought->IsString())
    return std::string{json::text_of(*thought)};
  std::string all;
  if (thought->IsArray())
    for (const auto& each : thought->GetArray())
      all += text_of_part(each).value_or(std::string_view{});
  return all;
}

bool flatten_content(json::value& message, json_pool& pool) {
  auto* content = json::find(message, "content");
  if (content == nullptr || content->IsNull() || content->IsString())
    return false;
  if (!content->IsArray()) {
    *content = string_value(json::to_text(*content), pool);
    return true;
  }
  auto all = texts_of(*content);
  if (!all)
    return false;
  if (all->has_text)
    *content = string_value(all->text, pool);
  else
    content->SetNull();
  if (!all->thinking.empty())
    add_reasoning(message, std::move(all->thinking), pool);
  return true;
}

bool list_content(json::value& message, json_pool& pool) {
  auto* content = json::find(message, "content");
  if (content == nullptr || !content->IsObject() || !json::find_string(*content, "type"))
    return false;
  json::value list{rapidjson::kArrayType};
  list.PushBack(*content, pool);
  *content = list;
  return true;
}

bool quote_arguments(json::value& called, json_pool& pool) {
  auto* arguments = json::find(called, "arguments");
  if (arguments == nullptr || arguments->IsNull() || arguments->IsString())
    return false;
  *arguments = string_value(json::to_text(*arguments), pool);
  return true;
}

void set_member(json::value& object, std::string_view name, json::value value, json_pool& pool) {
  if (auto* known = json::find(object, name))
    *known = value;
  else
    object.AddMember(string_value(name, pool), value, pool);
}

json::value string_value(std::string_view text, json_pool& pool) {
  return json::value{text.data(), static_cast<rapidjson::SizeType>(text.size()), pool};
}

} // namespace nekod::openai
