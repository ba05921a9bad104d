#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nekod::openai {

/// Where an answer has to end at the latest, as its request says: `stop`, `max_tokens` and
/// `max_completion_tokens`.
struct answer_limits {
  answer_limits() = default;

  bool empty() const noexcept { return stop.empty() && !pieces; }

  /// Texts at which the answer ends and that are not part of it. UTF-8; none is empty.
  std::vector<std::string> stop;
  /// How many pieces of text the answer may have: the smaller of both members. A service of plain
  /// text counts no tokens, so each of its pieces counts as one.
  std::optional<std::uint64_t> pieces;
};

} // namespace nekod::openai
