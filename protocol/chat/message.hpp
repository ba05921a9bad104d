#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// The messages of a conversation.
namespace nekod::chat {

/// The sender of a message.
enum class role : std::uint8_t { system, developer, user, assistant, tool, function };

/// The role's name on the wire.
std::string_view name_of(role r) noexcept;

/// The role with that name.
std::optional<role> role_named(std::string_view name) noexcept;

/// One message. A text-only service gets only its text.
struct message {
  message() = default;
  message(role s, std::string t) : speaker(s), text(std::move(t)) {}

  role speaker = role::user;
  /// The content: the string as sent, or the text parts joined by LF. UTF-8; may be empty.
  std::string text;
  /// Its content other than text, such as tool calls, in a canonical form; usually empty.
  std::string more;
  /// In a conversation that is kept whole: the message as its sender wrote it, if it has more than
  /// a role and text.
  std::string json;
  /// The items of the Responses API that the message consists of, as a JSON array; empty if it came
  /// another way.
  std::string items;
};

/// Whether a message has any content.
bool says_something(const message& m) noexcept;

/// Whether two messages are equal, except for changes that clients are known to make when they send
/// messages back: white space at a text's end, the formatting of JSON.
bool say_the_same(const message& a, const message& b) noexcept;

/// A text without the white space at its end.
std::string_view without_trailing_space(std::string_view text) noexcept;

} // namespace nekod::chat
