#pragma once

#include "protocol/chat/request.hpp"

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nekod {

/// The digests of a request's messages, divided as `chat::layout_of` divides them.
struct request_digests {
  request_digests() = default;

  /// Whether there is a conversation before its new part.
  bool tell_history() const noexcept { return !before.empty(); }

  /// Of the prompt; empty for none.
  std::string prompt;
  /// Of all messages before the new part; empty if there is no answer among them.
  std::string before;
  /// Of all messages except a prefill: what the answer follows.
  std::string asked;
};

/// Digests of conversations, by which a client that sends its whole history is recognised. A digest
/// stands for the messages so far, in their order, with their speakers: 128 bits of HMAC-SHA256,
/// chained message by message, under a key that no client knows.
///
/// Two conversations have the same digest only if they say the same. Digests ignore the changes
/// that clients are known to make when they send messages again: white space at a message's end,
/// and messages that say nothing.
class conversation_digest {
public:
  /// @param key Secret, and the same for as long as its digests are to be recognised.
  /// @throws std::runtime_error if HMAC-SHA256 is not available.
  explicit conversation_digest(const std::string& key);

  /// The digest of a conversation after one more message. The digest of no messages is empty.
  std::string extend(const std::string& digest, chat::role speaker, std::string_view text) const;
  std::string extend(const std::string& digest, const chat::message& m) const;

  /// The digest of a whole conversation.
  std::string of(const std::vector<chat::message>& conversation) const;

  /// The digest of a client's name for a group of conversations. It differs for each *name*, and
  /// from the digest of any conversation.
  std::string of_name(std::string_view name) const;

  /// The identity of a request that consists of these parts: the same for all requests with the
  /// same parts in the same order. It differs from the digest of any conversation.
  std::string of_parts(const std::vector<std::string_view>& parts) const;

  /// The digests of a request's messages.
  request_digests of(const chat::request& r) const;

private:
  std::string digest_of(const std::vector<std::string_view>& said) const;

  /// Holds the key, and is copied for each digest, since looking the algorithm up and taking the
  /// key costs more than most messages do.
  std::shared_ptr<const EVP_MAC_CTX> begun_;
};

/// A random key.
std::string make_digest_key();

/// Whether a request only asks for a title or a summary of a conversation, as chat programs do
/// beside it, and must not become part of the conversation. Such a request is not streamed and has
/// no tools, its newest user message has one of certain words, and no output of a tool comes after
/// that; or its new part consists of instructions.
bool is_aside(const chat::request& r);

} // namespace nekod
