#pragma once

#include "actors/session/session_record.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace nekod {

/// An answer as it is stored, without the request's identity:
/// `{"match":"new","reason":"stop","form":"text","told":["..."],"rest":["..."]}`. Pieces of text
/// are joined, since only their concatenation counts.
std::string answer_json(const answered_turn& t);

/// Reads what `answer_json` wrote; nothing if *text* is something else.
std::optional<answered_turn> parse_answer(std::string_view text);

} // namespace nekod
