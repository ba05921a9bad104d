#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// What a request's header fields tell of its being sent more than once.
namespace nekod::openai {

/// Bytes that an `Idempotency-Key` may have.
inline constexpr std::size_t max_idempotency_key = 255;

/// A client's way of sending a request again. The fields are those of OpenAI's SDKs, and the
/// `Idempotency-Key` of the IETF's draft.
struct retries {
  retries() = default;

  /// Whether this may be a request that was sent before.
  bool may_repeat() const noexcept { return !key.empty() || count.value_or(0) > 0; }

  /// Whether a client that left after *waited* is about to send the request again. SDKs do not once
  /// they have the beginning of a stream; and one that tells how long it waits, and left earlier,
  /// was told to stop.
  bool returns_after(std::chrono::duration<double> waited, bool stream_begun) const noexcept;

  /// `Idempotency-Key`: equal requests with the same one are the same request. Empty for none.
  std::string key;
  /// `X-Stainless-Retry-Count`: how often the request was sent before; nothing where the client
  /// does not count.
  std::optional<unsigned> count;
  /// Who sent it, as far as that can be told. Secret.
  std::string sender;
  /// `X-Stainless-Timeout` or `X-Stainless-Read-Timeout`: how long the client waits for an answer's
  /// beginning.
  std::optional<std::chrono::duration<double>> patience;
};

/// Reads the fields' values; an empty one is a field that is not there, and one that is no number
/// is not looked at.
retries parse_retries(std::string key, std::string_view count, std::string_view timeout,
                      std::string_view read_timeout);

} // namespace nekod::openai
