#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Characters of which only a half is in a JSON text. A character beyond U+FFFF is escaped as two
/// surrogates, and programs that count text by these, as JavaScript does, cut it between them: one
/// string ends in `\ud83d`, and the next one begins with `\ude00`.
namespace nekod::json {

/// Whether *text* escapes a surrogate without its partner.
bool has_lone_half(std::string_view text);

/// *text* with U+FFFD in the place of each such escape; its size stays the same. A text that
/// `parse` took but for these is one that it takes.
std::string without_lone_halves(std::string_view text);

/// Writes a JSON text anew in which strings go on from strings of another text before it.
class joined_text {
public:
  /// @param text Must be such that `parse` takes it, but for lone halves.
  explicit joined_text(std::string_view text) : text_(text) {}

  /// Puts *half* before the text of a string, and takes from its end the first half of a character,
  /// which is in *half* then.
  /// @param quoted The string with its quotes, as a view into the text; behind those of earlier
  /// calls. Anything else is left as it is.
  /// @param half What to put there, as an escape; empty for nothing.
  void join(std::string_view quoted, std::string& half);

  /// The text as it is now. A half that found no partner is U+FFFD.
  std::string finish();

private:
  std::string_view text_;
  /// Up to where *text_* is in *out_*.
  std::size_t copied_ = 0;
  std::string out_;
};

} // namespace nekod::json
