#pragma once

#include "protocol/openai/chat/choice_form.hpp"
#include "protocol/text/json.hpp"

#include <cstddef>

/// Brings chunks of a stream into OpenAI's form, as `choice_form` does choices, and tells whether
/// they say anything.
namespace nekod::openai {

/// Whether a delta has more in it than who speaks.
bool speaks(const json::value& delta);

/// The delta of a choice, made where there is none. Some servers have it as `message`.
/// @param changed Set where the choice was changed.
json::value& delta_of(json::value& choice, json_pool& pool, bool& changed);

/// The first chunk of a choice tells who speaks; no chunk tells that it is anybody else.
/// @returns whether the delta was changed.
bool repair_role(json::value& delta, bool is_first, json_pool& pool);

/// The index of a choice that is known to have one.
std::size_t index_of(const json::value& choice);

/// Whether a chunk without choices brings something that a client may want, such as what a filter
/// says of the prompt.
bool has_further_members(const json::value& chunk);

/// Whether a chunk whose choices say nothing has anything else for a client.
/// @param usage Whether the client asked for usage.
bool tells_more(const json::value& chunk, const json::value& choices, bool usage);

} // namespace nekod::openai
