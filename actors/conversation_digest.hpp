#pragma once

#include "protocol/openai/request.hpp"

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nekod {

/// What of a request is new to a conversation that goes on.
enum class new_part : std::uint8_t {
  /// The newest user message, and nothing may follow it: for services that remember.
  newest_user_message,
  /// All behind the last word of an assistant's, who must have had one.
  unanswered,
};

/// The digests of what a request tells.
struct request_digests {
  request_digests() = default;

  /// Whether it tells of a conversation before its new part.
  bool tell_history() const noexcept { return before && !before->empty(); }

  /// Of all before its new part; nothing where it has none: then it is no plain next turn.
  std::optional<std::string> before;
  /// Of all its messages.
  std::string all;
};

/// Digests of conversations, by which a client that sends its whole history is recognised. A digest
/// stands for the messages so far, in their order, with their speakers: 128 bits of HMAC-SHA256,
/// chained a message at a time, under a key that no client knows.
///
/// Two conversations have the same digest only if they say the same. What clients are known to
/// change in what they send again is not looked at: white space at a message's end, messages
/// that say nothing.
class conversation_digest {
public:
  /// @param key Secret, the same as long as its digests are to be recognised.
  /// @throws std::runtime_error where there is no HMAC-SHA256.
  explicit conversation_digest(const std::string& key);

  /// The digest of a conversation that goes on with one message more. The one of no messages is
  /// empty.
  std::string extend(const std::string& digest, openai::role speaker, std::string_view text) const;
  std::string extend(const std::string& digest, const openai::message& m) const;

  /// The digest of a whole conversation.
  std::string of(const std::vector<openai::message>& conversation) const;

  /// The digests of what a request tells.
  request_digests of(const openai::chat_request& r,
                     new_part part = new_part::newest_user_message) const;

private:
  std::string digest_of(const std::string& said) const;

  /// What has taken the key, and is copied for each digest: to look the algorithm up and begin with
  /// the key costs more than most messages do.
  std::shared_ptr<const EVP_MAC_CTX> begun_;
};

/// A random key.
std::string make_digest_key();

/// Whether a request may go on with a conversation that an assistant had a part in.
bool has_answers(const openai::chat_request& r);

/// Whether a request looks like one that a chat program makes beside a conversation, with its
/// history, for itself: a title or a summary, wanted whole. It is not to be put into the
/// conversation.
bool is_aside(const openai::chat_request& r);

} // namespace nekod
