#pragma once

#include "actors/upstream/accounts/account_watch.hpp"
#include "actors/upstream/upstream.hpp"
#include "protocol/anuneko/calls.hpp"
#include "protocol/chat/failure.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace nekod {

/// The calls that make a chat of the AnuNeko service ready for a turn's message:
///
///     [read its messages] -> [choose the last reply] -> [create a chat -> select its model |
///     select another model]
///
/// If a chat may have accepted a message that nobody here remembers, it is read first: if that
/// message is the turn's, a new chat replaces it. This class decides which call comes next; it
/// makes none.
class chat_preparation {
public:
  chat_preparation() = default;

  /// @param who The account that makes the calls.
  /// @param text The turn's message; must outlive the calls.
  /// @param model The model that is to answer.
  chat_preparation(const account_identity& who, std::string_view text, std::string model)
      : upstream_(who.upstream), account_(who.id), text_(text), model_(std::move(model)) {}

  /// The next call to make for *chat*; nothing if it is ready for the message.
  std::optional<anuneko::call> next(const upstream_chat& chat);

  /// Whether the running call selects the chat's model, which also shows whether the chat exists.
  bool is_selecting() const noexcept { return step_ == step::selecting; }

  /// The call ended; updates *chat* with what its response says.
  /// @param problem Why it failed; nothing if it did not.
  /// @param session Knows how often the user has said the turn's message before.
  /// @returns why the turn fails; nothing if it goes on.
  std::optional<chat::failure> on_end(std::optional<chat::failure> problem,
                                      transfer_failure failure, const upstream_response& response,
                                      upstream_chat& chat, const upstream_listener& session);

private:
  enum class step : std::uint8_t { reading, choosing, creating, selecting };

  void read_page(const std::string& body, upstream_chat& chat, const upstream_listener& session);
  std::optional<chat::failure> begin_chat(const std::string& body, upstream_chat& chat) const;

  std::string upstream_;
  std::string account_;
  std::string_view text_;
  std::string model_;
  step step_ = step::creating;

  // The part of the chat that has been read: the number of pages, the cursor of the next one, the
  // number of the user's messages, and how many of those equal the turn's text.
  unsigned pages_ = 0;
  std::string cursor_;
  std::uint64_t messages_ = 0;
  std::uint64_t same_ = 0;
};

} // namespace nekod
