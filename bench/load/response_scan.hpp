#pragma once

#include "bench/load/answers.hpp"
#include "bench/load/chunk_scan.hpp"

#include <optional>
#include <string_view>

/// Answers of the Responses API, as `chunk_scan` and `answers` read those of chats.
namespace nekod::load {

/// Finds the piece of text in the JSON of a `response.output_text.delta`.
/// @returns the piece, escaped as in JSON, as a part of *data*. Nothing if the event has to be
/// parsed.
std::optional<std::string_view> scan_event(std::string_view data);

/// Parses a whole event. One without text has no content.
parsed_chunk parse_event(std::string_view data);

/// Reads the body of a response that was not streamed.
whole_answer read_whole_response(std::string_view body);

} // namespace nekod::load
