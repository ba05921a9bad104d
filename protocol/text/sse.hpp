#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

/// Server-sent events, both ways, as in the WHATWG HTML standard, section 9.2.
namespace nekod::sse {

/// What a reader found.
struct item {
  /// The `event:` field; empty where the stream named none.
  std::string_view name;
  /// The `data:` lines joined by LF; or the whole line of a stray one.
  std::string_view data;
  /// A line that is no known field and no comment, such as a bare JSON object. Services report
  /// errors so; the standard would ignore it. It is handed on at once, without a blank line.
  bool stray = false;
};

/// Reads an event stream from any split of its bytes: LF, CRLF and CR ends, a byte-order mark,
/// comments, several `data:` lines. `id:` and `retry:` are dropped.
class parser {
public:
  /// Called for each item; its views are valid during the call only.
  using handler = std::function<void(const item&)>;

  /// @param max_item_bytes The longest line or event taken, in bytes.
  explicit parser(std::size_t max_item_bytes = 1u << 20);

  /// Takes the next bytes of the stream.
  /// @returns false when an item passed the limit; the stream cannot be read on then, and every
  ///          further call returns false.
  bool feed(std::string_view bytes, const handler& f);

  /// The body ended. Hands out a last event that has no blank line after it, since services leave
  /// it out, and a last line without an end.
  /// @returns false as `feed` does.
  bool finish(const handler& f);

private:
  bool take_line(std::string_view line, const handler& f);
  bool take_data(std::string_view value);
  void keep_data();
  void dispatch(const handler& f);

  std::size_t max_item_bytes_;
  /// The start of a line whose end has not come yet.
  std::string partial_;
  std::string name_;
  /// The data so far of the event that is being read: `borrowed_` while it is one line in the bytes
  /// just fed, so that most events are handed out uncopied; else `data_`.
  std::string data_;
  std::string_view borrowed_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool at_start_ = true;
  bool failed_ = false;
};

/// A comment line as a block of its own: keeps a silent stream alive. Never `: ping`, at which one
/// known client (Continue) stops reading the rest of the packet.
inline constexpr std::string_view keep_alive = ": keep-alive\n\n";

/// Appends one event with *data*, which must not hold a line end, to *out*.
void append_event(std::string& out, std::string_view data);

/// The same with an `event:` line before it.
void append_event(std::string& out, std::string_view name, std::string_view data);

} // namespace nekod::sse
