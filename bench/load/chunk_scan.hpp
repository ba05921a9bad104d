#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nekod::load {

/// Finds the piece of text in the JSON of a `chat.completion.chunk` without parsing all of it,
/// which would cost too much for most events of a fast stream.
/// @returns the piece, escaped as in JSON, as a part of *data*. Nothing if the chunk has to be
/// parsed: at an answer's end, for errors, white space and other forms.
std::optional<std::string_view> scan_chunk(std::string_view data);

/// The relevant content of a chunk, or of an event of another API.
struct parsed_chunk {
  /// The piece of text, escaped as in JSON.
  std::string content;
  /// Whether the answer ends here.
  bool finishes = false;
  /// The id by which later requests refer to the answer; empty for none, or if it is not here.
  std::string id;
  /// Why it is not a valid chunk; empty if it is.
  std::string fault;
  /// Whether the server reported that fault.
  bool is_report = false;
};

/// Parses a whole chunk.
parsed_chunk parse_chunk(std::string_view data);

} // namespace nekod::load
