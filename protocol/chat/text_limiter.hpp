#pragma once

#include "protocol/chat/answer_limits.hpp"
#include "protocol/chat/deltas.hpp"
#include "protocol/openai/chat/response.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::openai {

/// Ends an answer's text where its request's limits end it.
///
/// The result depends on the pieces' texts and their number, not on how they came in. A stop text
/// may lie across pieces; of several the one that begins first ends the answer. Text that may be
/// the beginning of a stop text is held back until that is known.
///
/// The answer ends with `length` when a piece comes beyond the limit, and keeps the text up to the
/// limit. A stop text that is complete within the limit's pieces wins.
class text_limiter {
public:
  explicit text_limiter(const answer_limits& limits);

  /// Takes pieces of the answer; appends to *out* what its client may have of them now. After the
  /// answer's end nothing more is taken.
  void feed(const deltas& pieces, deltas& out);

  /// The service ended the answer, for *reason*. Appends what was held back.
  void finish(finish_reason reason, deltas& out);

  /// Why the answer ended; empty while it goes on.
  const std::optional<finish_reason>& ended() const noexcept { return ended_; }

  /// Whether a limit ended it, so that the service's answer goes on behind it.
  bool cut() const noexcept { return cut_; }

private:
  /// A stop text, prepared to be looked for a byte at a time (Knuth, Morris and Pratt).
  struct pattern {
    std::string text;
    /// For each prefix of the text, by its length less one: the length of the longest shorter
    /// prefix that it ends with.
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
  /// Of each pattern: how many of its bytes the text so far ends with.
  std::vector<std::size_t> matched_;
  /// The end of the text so far that is held back, and how much of it was looked at.
  std::string held_;
  std::size_t seen_ = 0;
  /// Where in the held text the first complete stop text begins.
  std::optional<std::size_t> found_;
  std::optional<finish_reason> ended_;
  bool cut_ = false;
};

} // namespace nekod::openai
