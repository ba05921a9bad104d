#include "protocol/openai/chat/chunk_form.hpp"

#include "protocol/openai/upstream/answer_members.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace nekod::openai {

bool speaks(const json::value& delta) {
  return std::any_of(delta.MemberBegin(), delta.MemberEnd(), [](const auto& m) {
    return says_anything(m.value) && json::text_of(m.name) != "role";
  });
}

json::value& delta_of(json::value& choice, json_pool& pool, bool& changed) {
  if (auto* delta = json::find(choice, "delta"); delta != nullptr && delta->IsObject())
    return *delta;
  changed = true;
  json::value delta{rapidjson::kObjectType};
  if (auto* message = json::find(choice, "message"); message != nullptr && message->IsObject()) {
    delta = *message;
    choice.RemoveMember("message");
  } else if (const auto text = json::find_string(choice, "text")) {
    // As in chunks of text completions.
    set_member(delta, "content", string_value(*text, pool), pool);
    choice.RemoveMember("text");
  }
  set_member(choice, "delta", std::move(delta), pool);
  return *json::find(choice, "delta");
}

bool repair_role(json::value& delta, bool is_first, json_pool& pool) {
  const auto* role = json::find(delta, "role");
  const auto is_named = role != nullptr && role->IsString() && role->GetStringLength() > 0;
  if (is_named ? json::text_of(*role) == "assistant" : !is_first)
    return false;
  set_member(delta, "role", string_value("assistant", pool), pool);
  return true;
}

std::size_t index_of(const json::value& choice) {
  return static_cast<std::size_t>(json::integer_of(*json::find(choice, "index")).value_or(0));
}

bool has_further_members(const json::value& chunk) {
  constexpr std::array<std::string_view, 5> silent{"choices", "usage", "obfuscation",
                                                   "system_fingerprint", "service_tier"};
  return std::any_of(chunk.MemberBegin(), chunk.MemberEnd(), [&](const auto& m) {
    const auto name = json::text_of(m.name);
    return says_anything(m.value) && !is_our_member(name) &&
           std::find(silent.begin(), silent.end(), name) == silent.end();
  });
}

bool tells_more(const json::value& chunk, const json::value& choices, bool usage) {
  const auto* counted = json::find(chunk, "usage");
  const auto is_more = [](const auto& m) {
    const auto name = json::text_of(m.name);
    return name != "index" && name != "delta" && name != "finish_reason" && says_anything(m.value);
  };
  return has_further_members(chunk) || (usage && counted != nullptr && !counted->IsNull()) ||
         std::any_of(choices.Begin(), choices.End(), [&](const json::value& c) {
           return std::any_of(c.MemberBegin(), c.MemberEnd(), is_more);
         });
}

} // namespace nekod::openai
