#pragma once

#include "protocol/chat/deltas.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nekod::sim {

/// The input of a story.
struct story_seed {
  /// UTF-8. Its end is echoed; if it has Chinese, Japanese or Korean characters, the story is
  /// Chinese.
  std::string_view prompt;
  /// The model, which is the cat that tells the story.
  std::string_view cat;
  /// The number of the message in its chat, from 1.
  std::uint64_t turn = 1;
  /// The number of the answer among several to the same message, from 0.
  std::uint32_t branch = 0;
};

/// The story for *s*; the same for equal seeds.
std::string tell_story(const story_seed& s);

/// A text in pieces of a few characters, like those of a language model.
class story {
public:
  /// @param pieces The number of pieces; the text is cut or repeated to fit. 0 lets the text
  /// decide.
  explicit story(std::string_view text, std::size_t pieces = 0);

  std::size_t size() const noexcept { return size_; }

  /// Piece *i* below `size()`.
  std::string_view piece(std::size_t i) const;

  /// The first *n* pieces joined, or all if there are fewer.
  std::string text(std::size_t n) const;

private:
  deltas once_;
  std::size_t size_;
};

} // namespace nekod::sim
