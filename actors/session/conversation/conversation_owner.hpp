#pragma once

#include "actors/session/conversation/conversation_digest.hpp"
#include "actors/session/conversation/session_conversation.hpp"
#include "actors/session/conversation/whole_conversation.hpp"

#include <memory>

namespace nekod {

/// Owns a session's conversation, and keeps it in the form that the session's upstream needs. There
/// is always one; without a record or a turn it has no messages.
class conversation_owner {
public:
  /// @param limits For a conversation that is kept whole.
  conversation_owner(std::shared_ptr<const conversation_digest> digest, conversation_limits limits);

  /// Replaces the conversation.
  void begin_from(conversation_state state);

  /// Moves the conversation to an upstream of that kind. One that is of that kind stays as it is. A
  /// whole conversation that moves to a chat keeps the texts alone, and the newest of them.
  void serve(session_conversation::kind kind);

  session_conversation& current() noexcept { return *now_; }
  const session_conversation& current() const noexcept { return *now_; }

private:
  std::shared_ptr<const conversation_digest> digest_;
  conversation_limits limits_;
  /// Never null.
  std::unique_ptr<session_conversation> now_;
};

} // namespace nekod
