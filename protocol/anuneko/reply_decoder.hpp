#pragma once

#include "protocol/anuneko/calls.hpp"
#include "protocol/chat/deltas.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/sse.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::anuneko {

/// Whether events of that name carry text; older replies name none.
bool carries_text(std::string_view name) noexcept;

/// The branch that *object* names under *key*: 0 where it names none, -1 where it names nonsense.
std::int64_t branch_of(const json::value& object, std::string_view key);

/// Reads the event stream that answers `post_message`, from any split of its bytes.
///
/// It takes the text of one branch and drops the others'. Text that names no branch is of branch 0,
/// be it the only answer's or not. Both forms of errors end the reply: an
/// `error` event, and a bare JSON line with `code`. What it does not know it skips and counts.
class reply_decoder {
public:
  /// @param branch The alternative whose text is wanted.
  explicit reply_decoder(int branch = 0);

  /// Takes the next bytes; appends the pieces of text they complete to *out*. A piece that is not
  /// UTF-8 is skipped and counted. A character that is cut in half between two pieces comes whole
  /// with the second, and a half whose other half does not follow is U+FFFD. After an error nothing
  /// more is taken.
  void feed(std::string_view bytes, deltas& out);

  /// The body ended, as the transport says, whole. A reply that tells of no answer, be it an empty
  /// one, is an error, `empty_reply`; so is one that ends within an event, `cut_reply`. Whether the
  /// body was cut short between two is for the transport to know.
  void finish(deltas& out);

  /// The error that ended the reply. Its code `malformed_reply` is ours: an event too long.
  const std::optional<service_error>& error() const noexcept { return error_; }

  /// Whether that error is the service's, and not one of ours about what it sent.
  bool error_is_theirs() const;

  /// The newest `msg_id`; empty until there is one. After the last byte: the assistant's message.
  const std::string& message_id() const noexcept { return message_id_; }

  /// The `finish_reason` of a `stop` event for our branch; empty where none came.
  const std::string& finish_reason() const noexcept { return finish_reason_; }

  /// Events and lines that were skipped.
  std::uint64_t skipped() const noexcept { return skipped_; }

private:
  void take(const sse::item& item, deltas& out);
  void take_parsed(const sse::item& item, const json::document& doc, deltas& out);
  std::string joined(const sse::item& item);
  void check(bool within_limit);

  int branch_;
  sse::parser parser_;
  std::optional<service_error> error_;
  std::string message_id_;
  std::string finish_reason_;
  /// The first half of a character, as an escape, with which the text so far ended.
  std::string half_;
  std::uint64_t skipped_ = 0;
  /// Whether there was text, or word of an answer without any.
  bool answered_ = false;
  /// Whether what comes is the rest behind the last blank line.
  bool ends_ = false;
};

} // namespace nekod::anuneko
