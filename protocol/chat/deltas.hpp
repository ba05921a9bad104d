#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nekod {

/// Consecutive pieces of one answer in one buffer: what one read from an upstream brought. A piece
/// is never empty, and its bytes are whole UTF-8 characters.
struct deltas {
  /// The form of the pieces; all pieces of an answer have the same one.
  enum class form : std::uint8_t {
    /// Plain text.
    text,
    /// Members of the objects that the client gets: JSON on one line, passed on unchanged.
    members,
  };

  deltas() = default;
  explicit deltas(form f) : what(f) {}

  void push_back(std::string_view piece) {
    if (piece.empty())
      return;
    text.append(piece);
    ends.push_back(static_cast<std::uint32_t>(text.size()));
  }

  /// Appends all pieces of *more*, which must have the same form.
  void append(const deltas& more) {
    what = more.what;
    auto before = static_cast<std::uint32_t>(text.size());
    text += more.text;
    for (auto end : more.ends)
      ends.push_back(before + end);
  }

  bool empty() const noexcept { return ends.empty(); }

  /// Piece number *i*, from 0; it must exist.
  std::string_view piece(std::size_t i) const noexcept {
    return std::string_view{text}.substr(begin_of(i), ends[i] - begin_of(i));
  }

  /// Where piece number *i* begins in *text*; after the last piece, the end of *text*.
  std::size_t begin_of(std::size_t i) const noexcept { return i == 0 ? 0 : ends[i - 1]; }

  /// Calls *f* with each piece as a `std::string_view`.
  template <class F>
  void for_each(F f) const {
    for (std::size_t i = 0; i < ends.size(); ++i)
      f(piece(i));
  }

  form what = form::text;
  /// All pieces, one after the other.
  std::string text;
  /// Where each piece ends in *text*.
  std::vector<std::uint32_t> ends;
};

} // namespace nekod
