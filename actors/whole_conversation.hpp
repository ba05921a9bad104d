#pragma once

#include "protocol/openai/request.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace nekod {

/// How long a conversation may be that is kept whole.
struct conversation_limits {
  std::size_t messages = 10'000;
  /// As JSON.
  std::size_t bytes = 8u << 20;
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
  /// One that does not name the session tells the conversation itself. One that does may tell only
  /// what is new, which then follows what was said before; or it may tell what was said again, all
  /// of it or its end, which is not doubled; or another course of it, which takes its place.
  /// Instructions at a request's beginning take the place of those before.
  /// @returns the messages for the upstream, a JSON array; or `context_length_exceeded`.
  result<std::string, openai::error> begin(const openai::chat_request& r, bool named);

  /// The turn has its answer.
  void answer(openai::message said) { next_.push_back(std::move(said)); }

  /// The turn is part of the conversation from now on.
  void keep() { kept_ = std::exchange(next_, {}); }

  /// The turn was none.
  void drop() { next_.clear(); }

  /// With the turn that is under way.
  const std::vector<openai::message>& next() const noexcept { return next_; }

  const std::vector<openai::message>& kept() const noexcept { return kept_; }

private:
  conversation_limits limits_;
  std::vector<openai::message> kept_;
  std::vector<openai::message> next_;
};

} // namespace nekod
