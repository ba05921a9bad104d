#pragma once

#include "protocol/chat/failure.hpp"
#include "protocol/text/json.hpp"

#include <optional>
#include <string_view>

/// How OpenAI-compatible servers, and proxies in front of them, word a failure. Such texts have
/// many forms, so they are read leniently.
namespace nekod::openai {

/// Whether an answer, or a chunk of one, reports that the answer failed.
bool is_failure(const json::value& object);

/// The words of a body or an event that reports a failure: an object with `error`, which is an
/// object, a string or a list; `errors`; FastAPI's `detail`; a top-level `message` or similar; a
/// list of these; or a short plain text. Further members are kept as JSON.
/// @returns nothing if *body* has no message for people, such as a page of HTML.
std::optional<chat::foreign_words> parse_failure(std::string_view body);

} // namespace nekod::openai
