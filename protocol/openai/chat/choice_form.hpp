#pragma once

#include "protocol/text/json.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Converts choices that servers write in forms of their own to the form of OpenAI's specification,
/// which clients expect: `CreateChatCompletionResponse` and its stream's chunks. A function that
/// may change a value returns whether it did.
namespace nekod::openai {

/// The allocator of a parsed answer's values.
using json_pool = rapidjson::MemoryPoolAllocator<>;

/// The finish reason of a choice; empty if it goes on. Some servers write `"null"` or `""` then.
std::string_view reason_of(const json::value& choice);

/// Whether a value has content: null, an empty text and an empty list have none.
bool says_anything(const json::value& v);

/// Whether a member outside OpenAI's specification contains pieces of reasoning, as
/// `reasoning_content`, `reasoning_details` or `thinking_blocks` do, and not a signature of it.
bool comes_in_pieces(std::string_view name);

/// Whether a member is the first of its name in its object; of several, the first counts.
bool is_first(const json::value& object, const json::value::Member& member);

/// The text of a part of a message's content, such as `{"type":"text","text":"..."}`.
std::optional<std::string_view> text_of_part(const json::value& part);

/// The reasoning in a part of a message's content, as in
/// `{"type":"thinking","thinking":[{"type":"text","text":"..."}]}`.
std::optional<std::string> thinking_of_part(const json::value& part);

/// Joins content in parts to one text, and its parts with reasoning to one reasoning. A list with a
/// part of another kind is left unchanged.
bool flatten_content(json::value& message, json_pool& pool);

/// Makes a list of content that is one part without a list.
bool list_content(json::value& message, json_pool& pool);

/// Turns arguments that are JSON into a text; *called* is, for example, the `function` of a tool
/// call.
bool quote_arguments(json::value& called, json_pool& pool);

/// Sets a member; a new one is added at the end.
void set_member(json::value& object, std::string_view name, json::value value, json_pool& pool);

/// A string value that is a copy of *text*.
json::value string_value(std::string_view text, json_pool& pool);

} // namespace nekod::openai
