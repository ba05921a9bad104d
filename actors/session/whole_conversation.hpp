#pragma once

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
  explicit whole_conversation(conversation_limits limits, std::vector<openai::message> so_far = {})
      : limits_(limits), kept_(std::move(so_far)) {}

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

  /// The turn is part of the conversation from now on.
  void keep() { kept_ = std::exchange(next_, {}); }

  /// The turn was none.
  void drop() { next_.clear(); }

  /// With the turn that is under way.
  const std::vector<openai::message>& next() const noexcept { return next_; }

  const std::vector<openai::message>& kept() const noexcept { return kept_; }

private:
  std::span<const openai::message> what_stays(const openai::chat_request& r,
                                              const openai::message_layout& layout) const;

  conversation_limits limits_;
  std::vector<openai::message> kept_;
  std::vector<openai::message> next_;
  /// Whether the turn's request ends with a prefill.
  bool prefilled_ = false;
};

} // namespace nekod
