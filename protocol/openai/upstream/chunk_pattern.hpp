#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nekod::openai {

/// A chunk without its text. Nearly all chunks of a stream differ only in their text: those that
/// fit the pattern of an earlier one need no JSON parser, at a fraction of the cost.
class chunk_pattern {
public:
  /// @param chunk A chunk that `json::parse` accepts, on one line.
  /// @param members The members of it that are passed on.
  /// @returns nothing if chunks like it have more than a text: several choices, or a delta with
  /// members other than `content`.
  static std::optional<chunk_pattern> of(std::string_view chunk, std::string_view members);

  /// Reads a chunk that fits.
  /// @param members The members that are passed on are appended to this.
  /// @param text The chunk's text is appended to this.
  /// @returns false if the chunk does not fit, or is malformed: nothing has been appended then, and
  /// a JSON parser has to read it.
  bool take(std::string_view chunk, std::string& members, std::string& text) const;

private:
  /// The bytes around the text.
  struct frame {
    std::string before;
    std::string after;
  };

  static std::optional<frame> frame_of(std::string_view chunk);

  frame chunk_;
  frame members_;
};

} // namespace nekod::openai
