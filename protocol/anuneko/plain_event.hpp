#pragma once

#include "protocol/chat/deltas.hpp"

#include <string>
#include <string_view>

namespace nekod::anuneko {

/// Reads an event of text as the service writes nearly all of them, without white space and in this
/// order:
///
///     {"msg_id":"...","c":[{"v":"...","c":1},...]}    or    {"msg_id":"...","v":"..."}
///
/// where `msg_id` and a piece's `c` may be left out. Takes what a JSON parser would take of it, at
/// a fraction of the cost.
/// @param branch The alternative whose text is wanted.
/// @returns false for any other event, also where it is broken: nothing was taken then, and a JSON
/// parser has to look at it.
bool take_plain_event(std::string_view data, int branch, deltas& out, std::string& message_id);

} // namespace nekod::anuneko
