#pragma once

#include <string>
#include <string_view>

/// The members of an upstream's answer, or of a chunk of it, that go on to our client.
namespace nekod::openai {

/// Whether it is a member that we write ourselves, or that a good answer must not have.
bool is_our_member(std::string_view name) noexcept;

/// Appends the members of *object* that are to go on, as they stand there, with `choices` among
/// them.
/// @param usage Whether `usage` goes on.
/// @param choices Goes on in place of the object's own; empty for those.
void append_members(std::string& out, std::string_view object, bool usage,
                    std::string_view choices = {});

} // namespace nekod::openai
