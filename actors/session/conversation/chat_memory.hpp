#pragma once

#include "actors/session/conversation/conversation_digest.hpp"
#include "actors/session/conversation/message_changes.hpp"
#include "protocol/openai/chat/message_layout.hpp"
#include "protocol/openai/chat/request.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod {

/// The stored part of a conversation whose text the upstream keeps.
struct chat_record {
  chat_record() = default;
  chat_record(std::vector<openai::message> texts, std::optional<std::string> t,
              std::optional<std::string> p)
      : transcript(std::move(texts)), tip(std::move(t)), prompt(std::move(p)) {}

  /// Texts alone, the prompt first; the oldest of the others are left out where it grew too long.
  std::vector<openai::message> transcript;
  /// The digest of the conversation; nothing where it is not known for sure what the chat has.
  std::optional<std::string> tip = std::string{};
  /// The digest of the prompt that the chat was told; nothing where it is not known.
  std::optional<std::string> prompt = std::string{};
};

/// A conversation whose text the upstream keeps in a chat: what the session remembers of it, and
/// what the chat is told next.
///
/// The chat hears either what the session knows and then the client's new part; or, where the
/// client tells another course or another prompt, a new chat hears what the client told. It never
/// hears a mixture of both. Pure; a turn is `begin`, then at most one of `answered` and
/// `broken_off`.
class chat_memory {
public:
  /// @param stored How many messages of the record, from the beginning, are the store's.
  explicit chat_memory(std::shared_ptr<const conversation_digest> digest, chat_record kept = {},
                       std::size_t stored = 0);

  /// Begins a turn with *r*, whose digests are *digests*.
  /// @param named Whether the client named the session, rather than telling all of it.
  /// @returns whether the chat there is can go on; else a new one has to be begun.
  bool begin(const openai::chat_request& r, const request_digests& digests, bool named);

  /// The turn's text for a chat that goes on.
  const std::string& text() const noexcept { return text_; }

  /// The turn's text for a new chat, which is told what came before.
  std::string seeded_text() const;

  /// How often the user is known to have said the turn's text before.
  std::size_t times_said() const;

  /// The turn was answered with *text*.
  /// @param whole Whether *text* is all of the answer, so that the conversation can be recognised.
  void answered(std::string_view text, bool whole);

  /// The turn ended without an answer, or in the midst of one, of which *text* had come.
  /// @param heard Whether the upstream may have heard the turn.
  void broken_off(std::string_view text, bool heard);

  /// From here on the session is found by its name only.
  void forget_tip() noexcept { kept_.tip.reset(); }

  /// Moves the record out, for another memory; this one is empty then.
  chat_record take() {
    stored_ = 0;
    return std::exchange(kept_, {});
  }

  /// The changes to the stored messages since the last call. They count as stored from now on.
  message_changes take_changes();

  /// It is not known what the store has: the next changes are all messages.
  void doubt_store() noexcept { stored_ = 0; }

  /// How many messages of the record, from the beginning, are the store's.
  std::size_t stored() const noexcept { return stored_; }

  const chat_record& kept() const noexcept { return kept_; }

  /// Whether the next turn needs a new chat: the last one began one, and nobody knows what it
  /// heard.
  bool needs_new_chat() const noexcept { return needs_new_chat_; }

private:
  using messages = std::vector<openai::message>;

  void follow(const openai::chat_request& r, const openai::message_layout& layout,
              const request_digests& digests);
  void replace(const openai::chat_request& r, const openai::message_layout& layout,
               const request_digests& digests);
  bool ends_with(const messages& conversation) const;
  bool replaces_prompt(const request_digests& digests) const;
  void remember(std::string_view text);

  std::shared_ptr<const conversation_digest> digest_;
  chat_record kept_;
  std::size_t stored_ = 0;
  bool needs_new_chat_ = false;

  // Of the running turn:

  bool begins_new_chat_ = false;
  /// The messages before its new part.
  messages before_;
  messages fresh_;
  /// A prefill's text, with which the answer begins.
  std::string prefill_;
  std::string text_;
  /// The digests that are kept after it, before its answer.
  std::optional<std::string> asked_;
  std::optional<std::string> prompt_;
};

} // namespace nekod
