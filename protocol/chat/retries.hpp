#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The header fields by which a client says that it sends a request again.
namespace nekod::chat {

/// The most bytes of an `Idempotency-Key`.
inline constexpr std::size_t max_idempotency_key = 255;

/// How a client retries. The fields are those of OpenAI's SDKs, and the `Idempotency-Key` of the
/// IETF's draft.
struct retries {
  retries() = default;

  /// Whether this may be a retry.
  bool may_repeat() const noexcept { return !key.empty() || count.value_or(0) > 0; }

  /// Whether a client that left after *waited* is likely to retry. SDKs do not retry once a stream
  /// has begun; and a client that announced how long it waits, and left earlier, was stopped by its
  /// user.
  bool returns_after(std::chrono::duration<double> waited, bool stream_begun) const noexcept;

  /// `Idempotency-Key`: equal requests with the same key are the same request. Empty for none.
  std::string key;
  /// `X-Stainless-Retry-Count`: how many times the request was sent before; nothing if the client
  /// does not count.
  std::optional<unsigned> count;
  /// `X-Resume-After`: the client has that many events of the answer to its first request, and
  /// wants the others. Only with a key.
  std::optional<std::uint64_t> resume_after;
  /// Identifies the sender as far as possible. Secret.
  std::string sender;
  /// `X-Stainless-Timeout` or `X-Stainless-Read-Timeout`: how long the client waits for the
  /// beginning of an answer.
  std::optional<std::chrono::duration<double>> patience;
};

/// Parses the values of the fields. An empty value is a missing field; a value that is not a number
/// is ignored.
retries parse_retries(std::string key, std::string_view count, std::string_view timeout,
                      std::string_view read_timeout);

} // namespace nekod::chat
