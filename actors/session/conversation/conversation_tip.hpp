#pragma once

#include "actors/session/conversation/conversation_digest.hpp"
#include "protocol/chat/request.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace nekod {

/// The end of a conversation, by which a client that sends the conversation again is recognised:
/// the digest of all messages, if it is certain.
class conversation_tip {
public:
  /// The tip of a conversation that begins.
  conversation_tip() = default;

  /// The tip of a conversation with that digest, as `conversation_digest` makes it: the empty one
  /// is that of no messages.
  static conversation_tip of(std::string digest);

  static conversation_tip unrecognisable();

  /// The tip in a record. An empty digest stands for `unrecognisable`.
  static conversation_tip stored(std::string digest);

  bool is_known() const noexcept { return state_ == state::known; }
  bool is_recognisable() const noexcept { return state_ != state::unrecognisable; }

  /// The digest; empty unless it is known. This is what a record stores.
  const std::string& digest() const noexcept { return digest_; }

  /// Whether a request that has messages with this digest before its new part tells this very
  /// conversation. An empty digest tells one that begins.
  bool is_told_by(std::string_view digest) const noexcept;

  /// The tip after one more message.
  conversation_tip after(const chat::message& m, const conversation_digest& digest) const;

  bool operator==(const conversation_tip&) const = default;

private:
  enum class state : std::uint8_t {
    /// The conversation has no messages.
    beginning,
    /// The digest is known.
    known,
    /// It is not sure what the upstream heard; only a client that names the session finds it.
    unrecognisable,
  };

  conversation_tip(state s, std::string digest);

  state state_ = state::beginning;
  std::string digest_;
};

} // namespace nekod
