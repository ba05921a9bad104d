#pragma once

#include "actors/session/conversation/session_conversation.hpp"
#include "protocol/chat/failure.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

/// Changes to a conversation between two of its turns.
namespace nekod {

/// A change to a conversation.
struct conversation_edit {
  conversation_edit() = default;

  /// The conversation as the client named it, as in `session_info`.
  std::string id;
  /// Replaces the client's notes, as in `session_record`; nothing to leave them.
  std::optional<std::string> metadata;
  /// Changes the messages, or says why it cannot; empty to leave them. Called by the session.
  session_conversation::change_messages change;
  /// How long the session is kept from now on, at least; zero for ever.
  std::chrono::seconds kept_for{0};
};

/// The outcome of an edit.
struct edit_outcome {
  edit_outcome() = default;
  explicit edit_outcome(chat::failure why) : refused(std::move(why)) {}

  /// Why nothing changed; nothing if the change is stored.
  std::optional<chat::failure> refused;
};

} // namespace nekod
