#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What holds for chunks that are passed on to a client, and for the answers that clients assemble
/// from them.
namespace nekod::fuzz {

/// Checks a chunk for our client.
/// @param may_end Whether it may finish a choice.
void check_chunk(std::string_view members, bool may_end);

/// Checks all chunks of a complete stream: each choice has one finish reason, and together they
/// make one answer with the same content.
/// @param said The message of the first choice that is sent back later, as JSON.
/// @param first The index of that choice.
void check_whole_stream(const std::vector<std::string>& chunks, std::string_view said,
                        std::int64_t first = 0);

} // namespace nekod::fuzz
