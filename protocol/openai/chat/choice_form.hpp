#pragma once

#include "protocol/text/json.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Brings choices that servers write in forms of their own into the form of OpenAI's specification,
/// which clients read: `CreateChatCompletionResponse` and its stream's chunks. A function that
/// changes a value returns whether it did.
namespace nekod::openai {

/// Where the values of a parsed answer live.
using json_pool = rapidjson::MemoryPoolAllocator<>;

/// Why a choice ended; empty where it goes on. Some servers write `"null"` or `""` for that.
std::string_view reason_of(const json::value& choice);

/// Whether a value says anything: null, an empty text and an empty list do not.
bool says_anything(const json::value& v);

/// Whether a member is the first of its name in its object; of several, that one counts.
bool is_first(const json::value& object, const json::value::Member& member);

/// The text of a part of a message's content, such as `{"type":"text","text":"..."}`.
std::optional<std::string_view> text_of_part(const json::value& part);

/// The reasoning that a part of a message's content holds, as
/// `{"type":"thinking","thinking":[{"type":"text","text":"..."}]}`.
std::optional<std::string> thinking_of_part(const json::value& part);

/// Makes one text of content that came in parts, and reasoning of those that hold such. A list with
/// a part of another kind stays as it is.
bool flatten_content(json::value& message, json_pool& pool);

/// Makes a text of the arguments that *called*, such as `function` of a call, has as JSON.
bool quote_arguments(json::value& called, json_pool& pool);

/// Sets a member, at the end where there is none.
void set_member(json::value& object, std::string_view name, json::value value, json_pool& pool);

/// A string value that is a copy of *text*.
json::value string_value(std::string_view text, json_pool& pool);

} // namespace nekod::openai
