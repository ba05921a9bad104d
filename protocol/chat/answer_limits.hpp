#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nekod::chat {

/// Where a request limits its answer: `stop`, `max_tokens` and `max_completion_tokens`.
struct answer_limits {
  answer_limits() = default;

  bool empty() const noexcept { return stop.empty() && !pieces; }

  /// Texts at which the answer ends; they are not part of it. UTF-8, not empty.
  std::vector<std::string> stop;
  /// The most pieces of text in the answer: the smaller of both members. A text-only service counts
  /// no tokens, so each of its pieces counts as one.
  std::optional<std::uint64_t> pieces;
};

} // namespace nekod::chat
