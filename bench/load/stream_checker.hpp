#pragma once

#include "bench/load/faults.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::load {

/// Follows one streamed answer, and checks that it is complete: chunks that parse, one that
/// finishes, `[DONE]`, nothing behind it and no error. Looks closely at the first chunk, the
/// finishing one and a sample of those between; the others are only searched for their text.
class stream_checker {
public:
  /// @param keeps_text Whether `text` is asked for; it costs a copy.
  explicit stream_checker(bool keeps_text = false) : keeps_text_(keeps_text) {}

  /// Reads on.
  /// @param body The next bytes, in any split.
  /// @returns how many pieces of text are in them.
  std::size_t feed(std::string_view body);

  /// The body ended. What was wrong with it, if anything.
  std::optional<fault> finish();

  std::uint64_t pieces() const noexcept { return pieces_; }

  /// The pieces joined, as they stand in JSON.
  const std::string& text() const noexcept { return text_; }

private:
  void take_line(std::string_view line);
  void take_event(std::string_view data);
  void take_piece(std::string_view content, bool finishes);
  void look_closely(std::string_view data);
  void note(fault_kind kind, std::string what);

  bool keeps_text_;
  /// The start of a line whose end has not come yet.
  std::string partial_;
  std::string text_;
  std::uint64_t pieces_ = 0;
  std::uint64_t events_ = 0;
  bool finished_ = false;
  bool done_ = false;
  std::optional<fault> fault_;
};

} // namespace nekod::load
