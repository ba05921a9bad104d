#pragma once

#include "actors/session/conversation/conversation_digest.hpp"
#include "actors/session/conversation/conversation_tip.hpp"
#include "actors/session/conversation/message_changes.hpp"
#include "actors/upstream/upstream.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/chat/request.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod {

/// A conversation as it is handed over: read from a record, or moved to another kind of upstream.
struct conversation_state {
  conversation_state() = default;
  conversation_state(std::vector<chat::message> messages, conversation_tip t,
                     std::optional<std::string> p, std::size_t s = 0)
      : transcript(std::move(messages)), tip(std::move(t)), prompt(std::move(p)), stored(s) {}

  /// The messages so far, the prompt first.
  std::vector<chat::message> transcript;
  conversation_tip tip;
  /// The digest of the prompt that the upstream's chat was told, empty for none; nothing if it is
  /// not known.
  std::optional<std::string> prompt = std::string{};
  /// How many messages of the transcript, from the beginning, the store has.
  std::size_t stored = 0;
};

/// The part of a conversation that a commit writes.
struct conversation_changes {
  conversation_changes() = default;

  message_changes messages;
  conversation_tip tip;
  /// As in `conversation_state`; nothing if the upstream keeps no chats.
  std::optional<std::string> prompt;
  /// Whether a later turn may go on in the chat that the upstream has now.
  bool chat_goes_on = true;
};

/// A session's conversation: its messages for the upstream and for the store. There is one
/// implementation for upstreams that keep their chats and one for those that remember nothing.
///
/// A turn is `begin`, then one of `answered` and `broken_off`. An answered turn is committed with
/// `take_changes`, then one of `committed` and `commit_failed`. Pure.
class session_conversation {
public:
  enum class kind : std::uint8_t {
    /// The upstream keeps the chat, and is told only what is new.
    chat,
    /// The upstream remembers nothing, and is told the whole conversation with each turn.
    whole,
  };

  /// How the session of a request was found. That decides how much of the conversation the request
  /// contains.
  enum class found : std::uint8_t {
    /// By the conversation: the request contains all of it.
    by_conversation,
    /// By its name: the request may contain only new messages.
    by_name,
    /// By its last response: the request was filled with all of it, as the store has it.
    by_response,
    /// By the conversation's id: the request contains only new messages.
    by_id,
  };

  /// Gets the present messages of a conversation, and returns those that replace them.
  using change_messages =
      std::function<result<std::vector<chat::message>, chat::failure>(std::vector<chat::message>)>;

  virtual ~session_conversation() = default;

  /// The kind of upstream that it is kept for.
  virtual kind serves() const noexcept = 0;

  /// Begins a turn.
  /// @param digests Those of *r*.
  /// @returns what to tell the upstream, without the model and the request; or
  /// `conversation_too_large`, and then no turn has begun.
  virtual result<upstream_turn, chat::failure> begin(const chat::request& r,
                                                     const request_digests& digests, found how) = 0;

  /// The messages of the turn's conversation without its oldest turns, for an upstream that found
  /// it too long. Each time at least half of the remaining turns are left out; the prompt and the
  /// newest turn stay. The kept messages do not change.
  /// @param times How often the upstream was sent the conversation, at least once.
  /// @returns nothing if no turn can be left out.
  virtual std::optional<std::string> told_shorter(std::size_t times) const = 0;

  /// The turn's text for a new chat, with the messages before it. Empty if the upstream keeps no
  /// chats.
  virtual std::string seeded_text() const = 0;

  /// How often the user is known to have said the turn's text before. 0 if the upstream keeps no
  /// chats.
  virtual std::size_t times_said() const = 0;

  /// The turn was answered with *said*.
  virtual void answered(chat::message said) = 0;

  /// The turn ended without its whole answer.
  /// @param text The part of the answer that arrived.
  /// @param heard Whether the turn may have reached the upstream.
  /// @returns whether a commit is needed: what has to be stored has changed.
  virtual bool broken_off(std::string_view text, bool heard) = 0;

  /// The changes that a commit writes, including an answered turn that is not yet kept. The
  /// messages count as stored from now on.
  virtual conversation_changes take_changes() = 0;

  /// The answered turn is stored.
  virtual void committed() = 0;

  /// The answered turn could not be stored, and its client got an error.
  virtual void commit_failed() = 0;

  /// A commit failed, and may have been stored or not: the next changes contain all messages.
  virtual void doubt_store() = 0;

  virtual const conversation_tip& tip() const noexcept = 0;

  /// The kept messages, without the turn that is under way.
  virtual const std::vector<chat::message>& transcript() const noexcept = 0;

  /// Changes the messages, between two turns. The next turn begins a new chat at the upstream.
  /// @returns why *f* could not; then nothing has changed.
  virtual std::optional<chat::failure> change(const change_messages& f) = 0;

  /// Moves the conversation out; nothing is left here.
  virtual conversation_state take() = 0;
};

} // namespace nekod
