#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

/// Server-sent events, read and written, as in the WHATWG HTML standard, section 9.2.
namespace nekod::sse {

/// An event, or a stray line.
struct item {
  /// The `event:` field; empty if there was none.
  std::string_view name;
  /// The `data:` lines joined by LF, or a whole stray line.
  std::string_view data;
  /// Whether this is a line that is neither a known field nor a comment, such as a bare JSON
  /// object. The standard would ignore it, but services report errors like that. Reported at once,
  /// without waiting for a blank line.
  bool stray = false;
};

/// Reads an event stream from any split of its bytes: LF, CRLF and CR line ends, a byte-order mark,
/// comments, several `data:` lines. Ignores `id:` and `retry:`.
class parser {
public:
  /// Called for each item, whose views are valid during the call only.
  using handler = std::function<void(const item&)>;

  /// @param max_item_bytes The most bytes of a line or event.
  explicit parser(std::size_t max_item_bytes = 1u << 20);

  /// Takes the next bytes of the stream.
  /// @returns false if an item exceeds the limit. The stream cannot be read any further then, and
  /// every later call returns false.
  bool feed(std::string_view bytes, const handler& f);

  /// The body has ended. Reports a last event without a blank line after it, which services often
  /// omit, and a last line without a line end.
  /// @returns false as `feed` does.
  bool finish(const handler& f);

private:
  bool take_line(std::string_view line, const handler& f);
  bool take_data(std::string_view value);
  void keep_data();
  void dispatch(const handler& f);

  std::size_t max_item_bytes_;
  /// The beginning of a line whose end has not arrived yet.
  std::string partial_;
  std::string name_;
  /// The data so far of the current event: `borrowed_` while it is one line in the bytes just fed,
  /// so that most events are reported without a copy; else `data_`.
  std::string data_;
  std::string_view borrowed_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool at_start_ = true;
  bool failed_ = false;
};

/// A comment line as a block of its own, which keeps a silent stream alive. Never `: ping`: one
/// known client (Continue) stops reading the rest of the packet at that.
inline constexpr std::string_view keep_alive = ": keep-alive\n\n";

/// Appends one event with *data*, which must not contain a line end, to *out*.
void append_event(std::string& out, std::string_view data);

/// The same with an `event:` line before it.
void append_event(std::string& out, std::string_view name, std::string_view data);

} // namespace nekod::sse
