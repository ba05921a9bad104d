#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What holds for chunks that go on to a client, and for the answers that clients make of them.
namespace nekod::fuzz {

/// Checks a chunk as our client gets it.
/// @param may_end Whether it may tell that a choice is finished.
void check_chunk(std::string_view members, bool may_end);

/// Checks all chunks of a stream that is whole: each choice has one finish reason, and they make
/// one answer that says what they say.
/// @param said The message that is told again of the first choice, as JSON.
/// @param first The index of that choice.
void check_whole_stream(const std::vector<std::string>& chunks, std::string_view said,
                        std::int64_t first = 0);

} // namespace nekod::fuzz
