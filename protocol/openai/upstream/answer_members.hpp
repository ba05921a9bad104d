#pragma once

#include <string>
#include <string_view>

/// The members of an upstream's answer, or of a chunk, that are passed on to the client.
namespace nekod::openai {

/// Whether nekod writes this member itself, or a valid answer must not have it.
bool is_our_member(std::string_view name) noexcept;

/// Appends the members of *object* that are passed on, as written, including `choices`.
/// @param usage Whether `usage` is passed on.
/// @param choices Replaces the object's own choices; empty to keep those.
void append_members(std::string& out, std::string_view object, bool usage,
                    std::string_view choices = {});

} // namespace nekod::openai
