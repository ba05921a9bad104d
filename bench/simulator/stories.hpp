#pragma once

#include "protocol/chat/deltas.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nekod::sim {

/// What a story is made of.
struct story_seed {
  /// UTF-8. Its last part is echoed; Chinese, Japanese or Korean characters make the story Chinese.
  std::string_view prompt;
  /// The model: the cat that tells it.
  std::string_view cat;
  /// Which message of its chat it answers, from 1.
  std::uint64_t turn = 1;
  /// Which of several answers to the same message it is, from 0.
  std::uint32_t branch = 0;
};

/// Tells the story of *s*: the same for the same seed.
std::string tell_story(const story_seed& s);

/// A text in pieces of a few characters, as a language model sends it.
class story {
public:
  /// @param pieces How many it has; the text is cut or told again to suit. 0 lets the text decide.
  explicit story(std::string_view text, std::size_t pieces = 0);

  std::size_t size() const noexcept { return size_; }

  /// Piece *i* below `size()`.
  std::string_view piece(std::size_t i) const;

  /// The first *n* pieces joined, or all where there are fewer.
  std::string text(std::size_t n) const;

private:
  deltas once_;
  std::size_t size_;
};

} // namespace nekod::sim
