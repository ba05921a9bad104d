#pragma once

#include "actors/session/conversation/session_conversation.hpp"
#include "protocol/chat/message_layout.hpp"

#include <memory>
#include <span>

namespace nekod {

/// How long a conversation may be that is kept whole.
struct conversation_limits {
  std::size_t messages = 0;
  /// As JSON.
  std::size_t bytes = 0;
};

/// A conversation with all that was said in it, for an upstream that remembers nothing.
///
/// A turn becomes part of the conversation, with its answer, once it is stored. A turn that failed
/// leaves no trace, neither in the messages nor in the tip.
class whole_conversation : public session_conversation {
public:
  whole_conversation(std::shared_ptr<const conversation_digest> digest, conversation_limits limits,
                     conversation_state state = {});

  kind serves() const noexcept override { return kind::whole; }

  /// A client that does not name the session tells the conversation itself. One that names it tells
  /// either only what is new, which follows what was said; or a conversation. If that is what was
  /// said, or the end of it, it goes on, in the request's own words; else it replaces all that was
  /// said. A prompt in a request replaces the one before. What the store told goes on in the words
  /// of the session, which lack nothing of what the upstream said.
  result<upstream_turn, chat::failure> begin(const chat::request& r, const request_digests& digests,
                                             found how) override;

  std::optional<std::string> told_shorter(std::size_t times) const override;
  std::string seeded_text() const override { return {}; }
  std::size_t times_said() const override { return 0; }

  /// The answer replaces a prefill, or is joined to the message before it, as the request would
  /// tell them.
  void answered(chat::message said) override;

  bool broken_off(std::string_view text, bool heard) override;
  conversation_changes take_changes() override;
  void committed() override;
  void commit_failed() override { drop_turn(); }
  void doubt_store() override { stored_ = 0; }
  const conversation_tip& tip() const noexcept override { return tip_; }
  const std::vector<chat::message>& transcript() const noexcept override { return now_; }

  std::optional<chat::failure> change(const change_messages& f) override;

  /// Moves out the texts alone, the newest of them, as a chat of plain text can be told them.
  conversation_state take() override;

private:
  std::string told_messages(const chat::request& r, bool tells_all) const;
  std::span<const chat::message> earlier_for(const chat::request& r,
                                             const chat::message_layout& layout) const;
  std::span<const chat::message> own_words_for(const chat::request& r,
                                               const chat::message_layout& layout) const;
  conversation_tip tip_of_next() const;
  void drop_turn();

  std::shared_ptr<const conversation_digest> digest_;
  conversation_limits limits_;
  std::vector<chat::message> now_;
  conversation_tip tip_;
  /// How many messages of *now_*, from the beginning, the store has.
  std::size_t stored_ = 0;

  // Of the turn that is under way:

  /// The conversation with it, or what it adds; empty if there is none.
  std::vector<chat::message> next_;
  /// Whether it only adds to what was said. Then it costs what it adds, but for the upstream's
  /// request.
  bool adds_ = false;
  conversation_tip next_tip_;
  /// Whether its request ends with an assistant message: a prefill, unless it was made of items.
  bool prefilled_ = false;
  bool made_of_items_ = false;
};

} // namespace nekod
