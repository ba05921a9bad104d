#pragma once

#include "bench/load/chunk_scan.hpp"
#include "bench/load/faults.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::load {

/// How the events of an API are read.
struct event_form {
  /// Finds the text of most events; nothing for those that have to be parsed.
  std::optional<std::string_view> (*scan)(std::string_view data) = scan_chunk;
  parsed_chunk (*parse)(std::string_view data) = parse_chunk;
};

/// Checks that a streamed answer is complete: chunks that parse, one that finishes, `[DONE]`,
/// nothing after it and no error. Parses the first chunk, the finishing one and a sample of the
/// others; the rest are only searched for their text.
class stream_checker {
public:
  /// @param keeps_text Whether `text` is needed; it costs a copy.
  explicit stream_checker(bool keeps_text = false, event_form form = {})
      : form_(form), keeps_text_(keeps_text) {}

  /// Continues.
  /// @param body The next bytes, in any split.
  /// @returns the number of pieces of text in them.
  std::size_t feed(std::string_view body);

  /// The body has ended. Returns its fault, if any.
  std::optional<fault> finish();

  std::uint64_t pieces() const noexcept { return pieces_; }

  /// The joined pieces, escaped as in JSON.
  const std::string& text() const noexcept { return text_; }

  /// The id by which later requests refer to the answer; empty for none.
  const std::string& id() const noexcept { return id_; }

private:
  void take_line(std::string_view line);
  void take_event(std::string_view data);
  void take_piece(std::string_view content, bool finishes);
  void look_closely(std::string_view data);
  void note(fault_kind kind, std::string what);

  event_form form_;
  bool keeps_text_;
  /// The beginning of a line whose end has not arrived yet.
  std::string partial_;
  std::string text_;
  std::string id_;
  std::uint64_t pieces_ = 0;
  std::uint64_t events_ = 0;
  bool finished_ = false;
  bool done_ = false;
  std::optional<fault> fault_;
};

} // namespace nekod::load
