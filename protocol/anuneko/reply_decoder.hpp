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

/// Whether events of that name carry text; older services send no names.
bool carries_text(std::string_view name) noexcept;

/// The branch in *object* under *key*: 0 if there is none, -1 if it is invalid.
std::int64_t branch_of(const json::value& object, std::string_view key);

/// Reads the event stream that answers `post_message`, from any split of its bytes.
///
/// It takes the text of one branch and drops that of the others. Text without a branch belongs to
/// branch 0, even if there are others. Both forms of errors end the reply: an `error` event, and a
/// bare JSON line with `code`. Unknown events are skipped and counted.
class reply_decoder {
public:
  /// @param branch The alternative whose text is wanted.
  explicit reply_decoder(int branch = 0);

  /// Takes the next bytes; appends the pieces of text they complete to *out*. A piece that is not
  /// UTF-8 is skipped and counted. A character that is split between two pieces arrives whole with
  /// the second one; a half without its other half becomes U+FFFD. After an error nothing more is
  /// taken.
  void feed(std::string_view bytes, deltas& out);

  /// The transport reports that the whole body has arrived. A reply without any sign of an answer,
  /// even an empty one, is an error, `empty_reply`; so is one that ends inside an event,
  /// `cut_reply`. The transport has to notice a body that is cut off between two events.
  void finish(deltas& out);

  /// The error that ended the reply. The code `malformed_reply` is ours: an event was too long.
  const std::optional<service_error>& error() const noexcept { return error_; }

  /// Whether the service reported that error; otherwise it is ours, about what the service sent.
  bool error_is_theirs() const;

  /// The newest `msg_id`; empty until there is one. At the end: that of the assistant's message.
  const std::string& message_id() const noexcept { return message_id_; }

  /// The `finish_reason` in a `stop` event for our branch; empty if there was none.
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
  /// The first half of a split character, escaped, with which the text so far ended.
  std::string half_;
  std::uint64_t skipped_ = 0;
  /// Whether there was text, or a sign of an answer without text.
  bool answered_ = false;
  /// Whether the input is what remains after the last blank line.
  bool ends_ = false;
};

} // namespace nekod::anuneko
