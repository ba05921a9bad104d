#pragma once

#include "actors/session/conversation/message_changes.hpp"
#include "protocol/openai/chat/message_layout.hpp"
#include "protocol/openai/chat/request.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace nekod {

/// How long a conversation may be that is kept whole.
struct conversation_limits {
  std::size_t messages = 0;
  /// As JSON.
  std::size_t bytes = 0;
};

/// A conversation with all that was said in it, for an upstream that remembers nothing.
///
/// A turn is taken in, with its answer, once it is sure to be kept; a turn that came to nothing
/// leaves no trace.
class whole_conversation {
public:
  /// @param stored How many messages of *so_far*, from the beginning, are the store's.
  explicit whole_conversation(conversation_limits limits, std::vector<openai::message> so_far = {},
                              std::size_t stored = 0)
      : limits_(limits), kept_(std::move(so_far)), stored_(stored) {}

  /// Begins a turn with a request.
  ///
  /// One that does not name the session tells the conversation itself. One that names it tells only
  /// what is new, which follows what was said; or a conversation: where that is what was said, or
  /// its end, in the request's own words, it goes on, and else it takes the place of all that was
  /// said. A prompt in a request takes the place of the one before.
  /// @returns the messages for the upstream, a JSON array; or `conversation_too_large`.
  result<std::string, openai::error> begin(const openai::chat_request& r, bool named);

  /// The turn has its answer, which takes the place of a prefill.
  void answer(openai::message said);

  /// What the store has to change for the turn that is under way.
  message_changes changes() const;

  /// What the store has to change for what is kept; it counts as stored from now on.
  message_changes take_kept_changes();

  /// The turn is part of the conversation, and stored.
  void keep() {
    kept_ = std::exchange(next_, {});
    stored_ = kept_.size();
  }

  /// The turn was none.
  void drop() { next_.clear(); }

  /// It is not known what the store has: the next changes are all messages.
  void doubt_store() noexcept { stored_ = 0; }

  /// With the turn that is under way.
  const std::vector<openai::message>& next() const noexcept { return next_; }

  const std::vector<openai::message>& kept() const noexcept { return kept_; }

private:
  std::span<const openai::message> what_stays(const openai::chat_request& r,
                                              const openai::message_layout& layout) const;

  conversation_limits limits_;
  std::vector<openai::message> kept_;
  std::vector<openai::message> next_;
  /// How many of *kept_*, from the beginning, are the store's.
  std::size_t stored_ = 0;
  /// Whether the turn's request ends with a prefill.
  bool prefilled_ = false;
};

} // namespace nekod
