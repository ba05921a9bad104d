#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nekod::openai {

/// A chunk of which only the text is left open. Nearly all chunks of a stream are the same but for
/// their text: those that fit the pattern of one before need no JSON parser, at a fraction of the
/// cost.
class chunk_pattern {
public:
  /// @param chunk One that `json::parse` has taken, on one line.
  /// @param members What goes on of it.
  /// @returns none where a chunk like it would say more than a text: it has several choices, or
  /// its delta has more members than `content`, or others.
  static std::optional<chunk_pattern> of(std::string_view chunk, std::string_view members);

  /// Reads a chunk that fits.
  /// @param members Appended to: what goes on of it.
  /// @param text Appended to: what its text says.
  /// @returns false where it does not fit, or is broken: nothing was taken then, and a JSON parser
  /// has to look at it.
  bool take(std::string_view chunk, std::string& members, std::string& text) const;

private:
  /// What stands around the text.
  struct frame {
    std::string before;
    std::string after;
  };

  static std::optional<frame> frame_of(std::string_view chunk);

  frame chunk_;
  frame members_;
};

} // namespace nekod::openai
