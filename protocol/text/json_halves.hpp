#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Half characters in JSON texts. A character beyond U+FFFF is escaped as two surrogates. Programs
/// that count text in surrogates, as JavaScript does, split it between them: one string ends in
/// `\ud83d`, and the next one begins with `\ude00`.
namespace nekod::json {

/// Whether *text* escapes a surrogate without its partner.
bool has_lone_half(std::string_view text);

/// *text* with U+FFFD instead of each such escape; its size stays the same. If `parse` refuses
/// *text* for these escapes only, it accepts the result.
std::string without_lone_halves(std::string_view text);

/// Rewrites a JSON text whose strings continue strings of an earlier text.
class joined_text {
public:
  /// @param text Must be valid for `parse`, apart from lone halves.
  explicit joined_text(std::string_view text) : text_(text) {}

  /// Prepends *half* to a string's content. If the result ends with the first half of a character,
  /// removes that and returns it in *half*.
  /// @param quoted The string with its quotes, as a view into the text, after those of earlier
  /// calls. Other values are left unchanged.
  /// @param half The escape to prepend; empty for none.
  void join(std::string_view quoted, std::string& half);

  /// The resulting text. A half without its partner becomes U+FFFD.
  std::string finish();

private:
  std::string_view text_;
  /// How much of *text_* has been copied to *out_*.
  std::size_t copied_ = 0;
  std::string out_;
};

} // namespace nekod::json
