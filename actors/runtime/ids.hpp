#pragma once

#include <string>
#include <string_view>

namespace nekod {

/// A random UUID, version 4, from the system's source of randomness.
std::string make_session_id();

/// A UUID that is always the same for the same *seed*, and does not reveal the seed.
std::string stable_uuid(std::string_view seed);

/// *prefix* and 24 random characters of `0-9 a-v`, such as `chatcmpl-...`. Unguessable.
std::string make_id(std::string_view prefix);

/// 48 random hexadecimal digits. Unguessable.
std::string make_conversation_id();

} // namespace nekod
