#pragma once

#include "protocol/openai/chat/choice_form.hpp"
#include "protocol/text/json.hpp"

#include <cstddef>

/// Converts chunks of a stream to OpenAI's form, as `choice_form` does with choices, and decides
/// whether they have content.
namespace nekod::openai {

/// Whether a delta has more than a role.
bool speaks(const json::value& delta);

/// Whether a delta, or a message, has part of the answer: text, a refusal, reasoning, calls or
/// sound.
bool answers(const json::value& delta);

/// The delta of a choice; adds one if it is missing. Some servers call it `message`, or repeat the
/// whole `message` at the end: it is removed, and counts only if no delta has answered.
/// @param has_answered Whether a delta of the choice did, this one included.
/// @param changed Set to true if the choice was changed.
json::value& delta_of(json::value& choice, bool has_answered, json_pool& pool, bool& changed);

/// Adds the role to the first chunk of a choice, and removes any other role.
/// @returns whether the delta was changed.
bool repair_role(json::value& delta, bool is_first, json_pool& pool);

/// The index of a choice, which must have one.
std::size_t index_of(const json::value& choice);

/// Whether a chunk without choices has something that a client may want, such as a filter's result
/// for the prompt.
bool has_further_members(const json::value& chunk);

/// Whether a chunk whose choices have no content has anything else for a client.
/// @param usage Whether the client asked for usage.
bool tells_more(const json::value& chunk, const json::value& choices, bool usage);

} // namespace nekod::openai
