#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nekod {

/// Pieces of one answer in their order, in one buffer: what one read from an upstream brought.
/// A piece is never empty, and its bytes are whole UTF-8 characters.
struct deltas {
  deltas() = default;

  void push_back(std::string_view piece) {
    if (piece.empty())
      return;
    text.append(piece);
    ends.push_back(static_cast<std::uint32_t>(text.size()));
  }

  bool empty() const noexcept { return ends.empty(); }

  /// Calls *f* with each piece as a `std::string_view`.
  template <class F>
  void for_each(F f) const {
    std::uint32_t begin = 0;
    for (auto end : ends) {
      f(std::string_view{text}.substr(begin, end - begin));
      begin = end;
    }
  }

  /// All pieces, one after the other.
  std::string text;
  /// Where each piece ends in *text*.
  std::vector<std::uint32_t> ends;
};

} // namespace nekod
