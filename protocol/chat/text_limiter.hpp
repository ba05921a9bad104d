#pragma once

#include "protocol/chat/answer_end.hpp"
#include "protocol/chat/answer_limits.hpp"
#include "protocol/chat/deltas.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::chat {

/// Ends an answer's text at the limits of its request.
///
/// The result depends on the texts and the number of the pieces, not on how they are split into
/// calls. A stop text may extend across pieces; of several, the one that begins first ends the
/// answer. Text that may be the beginning of a stop text is held back until that is known.
///
/// The answer ends with `length` when there is a piece beyond the limit; it keeps the text up to
/// the limit. A complete stop text within the allowed pieces takes precedence.
class text_limiter {
public:
  explicit text_limiter(const answer_limits& limits);

  /// Takes pieces of the answer and appends to *out* what the client may have of them now. Ignores
  /// everything after the answer's end.
  void feed(const deltas& pieces, deltas& out);

  /// The service ended the answer for *reason*. Appends what was held back.
  void finish(finish_reason reason, deltas& out);

  /// Why the answer ended; empty while it goes on.
  const std::optional<finish_reason>& ended() const noexcept { return ended_; }

  /// Whether a limit ended the answer, while the service's answer may go on.
  bool cut() const noexcept { return cut_; }

private:
  /// A stop text, prepared for a search byte by byte (Knuth, Morris and Pratt).
  struct pattern {
    std::string text;
    /// For each prefix of the text, by its length minus one: the length of the longest shorter
    /// prefix that is also a suffix of it.
    std::vector<std::size_t> shorter;
  };

  static pattern prepare(std::string_view text);
  void take(std::string_view piece, deltas& out);
  void look_at(char byte);
  std::size_t first_beginning() const;
  void release(std::size_t bytes, deltas& out);
  void end(finish_reason reason, deltas& out);

  /// Shared by copies.
  std::shared_ptr<const std::vector<pattern>> patterns_;
  std::optional<std::uint64_t> limit_;
  std::uint64_t pieces_ = 0;
  /// For each pattern: how many of its bytes the text so far ends with.
  std::vector<std::size_t> matched_;
  /// The held-back end of the text so far, and how much of it has been searched.
  std::string held_;
  std::size_t seen_ = 0;
  /// Where the first complete stop text begins in the held text.
  std::optional<std::size_t> found_;
  std::optional<finish_reason> ended_;
  bool cut_ = false;
};

} // namespace nekod::chat
