#pragma once

#include "protocol/openai/chat/request.hpp"

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nekod {

/// The digests of a request's messages, divided as `openai::layout_of` has it.
struct request_digests {
  request_digests() = default;

  /// Whether it tells of a conversation before its new part.
  bool tell_history() const noexcept { return !before.empty(); }

  /// Of the prompt; empty for none.
  std::string prompt;
  /// Of all before the new part; empty where no answer stands before it.
  std::string before;
  /// Of all that the answer follows: of all messages but a prefill.
  std::string asked;
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

  /// The digest of what a client calls a group of conversations by; another for each *name*, and no
  /// conversation's.
  std::string of_name(std::string_view name) const;

  /// The identity of a request that these parts make up: the same for each that has the same parts
  /// in the same order, and no conversation's digest.
  std::string of_parts(const std::vector<std::string_view>& parts) const;

  /// The digests of what a request tells.
  request_digests of(const openai::chat_request& r) const;

private:
  std::string digest_of(const std::vector<std::string_view>& said) const;

  /// What has taken the key, and is copied for each digest: to look the algorithm up and begin with
  /// the key costs more than most messages do.
  std::shared_ptr<const EVP_MAC_CTX> begun_;
};

/// A random key.
std::string make_digest_key();

/// Whether a request only asks about a conversation, as chat programs do beside it for a title or a
/// summary. It must not become part of the conversation. Such a request has no stream and the words
/// in its newest user message; or its new part has instructions alone.
bool is_aside(const openai::chat_request& r);

} // namespace nekod
