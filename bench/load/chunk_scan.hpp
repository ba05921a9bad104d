#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nekod::load {

/// Looks for the piece of text in the JSON of a `chat.completion.chunk`, without reading all of it:
/// most events of a fast stream are not worth more.
/// @returns the piece as it stands in JSON, a part of *data*; nothing where that needs a closer
///          look, as for an answer's end, errors, white space and other shapes.
std::optional<std::string_view> scan_chunk(std::string_view data);

/// What counts of a chunk.
struct parsed_chunk {
  /// The piece of text, as it stands in JSON.
  std::string content;
  /// Whether the answer ends here.
  bool finishes = false;
  /// Why it is no chunk; empty if it is one.
  std::string fault;
  /// Whether the server reported that fault.
  bool is_report = false;
};

/// The closer look: reads all of it.
parsed_chunk parse_chunk(std::string_view data);

} // namespace nekod::load
