#pragma once

#include "protocol/openai/errors.hpp"
#include "protocol/text/json.hpp"

#include <optional>
#include <string_view>

/// What OpenAI-compatible servers, and the programs before them, say of a failure. Such texts have
/// many shapes, so these are read leniently.
namespace nekod::openai {

/// Whether an object that came as an answer, or as a chunk of one, says that the answer failed.
bool is_failure(const json::value& object);

/// The words of a body or an event that tells of a failure: an object with `error`, be that an
/// object, a string or a list; `errors`; FastAPI's `detail`; `message` and the like at the top; a
/// list of such; or a short plain text. Further members beside the message are kept as JSON.
/// @returns nothing where *body* has no words for people, such as a page of HTML.
std::optional<foreign_words> parse_failure(std::string_view body);

} // namespace nekod::openai
