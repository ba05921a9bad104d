#include "protocol/openai/chat/chunk_form.hpp"

#include "protocol/openai/upstream/answer_members.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace nekod::openai {
namespace {

/// Removes `message` from a choice.
/// @returns null if it is no object.
json::value taken_message(json::value& choice) {
  json::value taken;
  auto* message = json::find(choice, "message");
  if (message == nullptr || !message->IsObject())
    return taken;
  taken = *message;
  choice.RemoveMember("message");
  return taken;
}

/// A delta with a choice's `text`, which chunks of text completions have; empty if there is none.
json::value delta_of_text(json::value& choice, bool has_message, json_pool& pool) {
  json::value delta{rapidjson::kObjectType};
  const auto text = json::find_string(choice, "text");
  if (!text || has_message)
    return delta;
  set_member(delta, "content", string_value(*text, pool), pool);
  choice.RemoveMember("text");
  return delta;
}

/// Sets the members of *message* in *delta*.
void add_members(json::value& delta, json::value& message, json_pool& pool) {
  std::for_each_n(message.MemberBegin(), message.MemberCount(), [&](auto& m) {
    if (is_first(message, m))
      set_member(delta, json::text_of(m.name), std::move(m.value), pool);
  });
}

} // namespace

bool speaks(const json::value& delta) {
  return std::any_of(delta.MemberBegin(), delta.MemberEnd(), [](const auto& m) {
    return says_anything(m.value) && json::text_of(m.name) != "role";
  });
}

bool answers(const json::value& delta) {
  return std::any_of(delta.MemberBegin(), delta.MemberEnd(), [](const auto& m) {
    const auto name = json::text_of(m.name);
    const auto is_known = name == "content" || name == "refusal" || name == "tool_calls" ||
                          name == "function_call" || name == "audio";
    return (is_known || comes_in_pieces(name)) && says_anything(m.value);
  });
}

json::value& delta_of(json::value& choice, bool has_answered, json_pool& pool, bool& changed) {
  auto message = taken_message(choice);
  auto* delta = json::find(choice, "delta");
  const auto has_delta = delta != nullptr && delta->IsObject();
  changed |= !has_delta || message.IsObject();
  if (!has_delta) {
    set_member(choice, "delta", delta_of_text(choice, message.IsObject(), pool), pool);
    delta = json::find(choice, "delta");
  }
  if (message.IsObject() && !has_answered)
    add_members(*delta, message, pool);
  return *delta;
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
