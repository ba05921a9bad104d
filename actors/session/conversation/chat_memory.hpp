#pragma once

#include "actors/session/conversation/session_conversation.hpp"
#include "protocol/chat/message_layout.hpp"

#include <memory>

namespace nekod {

/// A conversation whose text the upstream keeps in a chat: what the session remembers of it, and
/// what it tells the chat next.
///
/// Either the client's new part follows what the session knows; or the client tells the
/// conversation differently, or with another prompt, and then a new chat is told what the client
/// told. The upstream never hears a mixture of both. The session remembers texts alone, and forgets
/// the oldest where they grow too long. The tip changes with the answer, before it is stored.
class chat_memory : public session_conversation {
public:
  explicit chat_memory(std::shared_ptr<const conversation_digest> digest,
                       conversation_state state = {});

  kind serves() const noexcept override { return kind::chat; }

  /// Sets `new_chat` if the upstream's chat cannot go on with this turn.
  result<upstream_turn, chat::failure> begin(const chat::request& r, const request_digests& digests,
                                             found how) override;

  std::optional<std::string> told_shorter(std::size_t /*times*/) const override {
    return std::nullopt;
  }
  std::string seeded_text() const override;
  std::size_t times_said() const override;

  /// From an answer of `max_rereadable_bytes` bytes on the beginning may be missing, and the
  /// conversation cannot be recognised.
  void answered(chat::message said) override;

  /// Remembers the answer as far as it came. A conversation that was heard without an answer cannot
  /// be recognised.
  bool broken_off(std::string_view text, bool heard) override;

  conversation_changes take_changes() override;
  void committed() override { earlier_ = {}; }

  /// The chat has heard a turn that is no part of the conversation, so that the next one needs
  /// another chat.
  void commit_failed() override;

  void doubt_store() override { now_.stored = 0; }
  const conversation_tip& tip() const noexcept override { return now_.tip; }
  const std::vector<chat::message>& transcript() const noexcept override { return now_.transcript; }
  std::optional<chat::failure> change(const change_messages& f) override;
  conversation_state take() override;

private:
  using messages = std::vector<chat::message>;

  void follow(const chat::request& r, const chat::message_layout& layout,
              const request_digests& digests);
  void replace(const chat::request& r, const chat::message_layout& layout,
               const request_digests& digests);
  bool ends_with(const messages& conversation) const;
  bool replaces_prompt(const request_digests& digests) const;
  conversation_state remember(chat::message answer, conversation_tip tip);

  std::shared_ptr<const conversation_digest> digest_;
  conversation_state now_;
  /// While an answered turn is being stored: the conversation before it.
  conversation_state earlier_;
  /// Whether the next turn needs a new chat: the last one began one, and it is not known what that
  /// chat heard; or the chat heard a turn that was not stored; or the messages were changed.
  bool needs_new_chat_ = false;

  // Of the running turn:

  bool begins_new_chat_ = false;
  /// The messages before its new part, and that part.
  messages before_;
  messages fresh_;
  /// A prefill's text, with which the answer begins.
  std::string prefill_;
  std::string text_;
  /// The tip and the prompt's digest after it, before its answer.
  conversation_tip asked_;
  std::optional<std::string> prompt_;
};

} // namespace nekod
