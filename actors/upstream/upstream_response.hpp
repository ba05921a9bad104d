#pragma once

#include "actors/upstream/transport.hpp"
#include "protocol/chat/failure.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

/// The response of an upstream of any kind, and the error that a failed call becomes.
namespace nekod {

/// A response, as far as it has arrived.
struct upstream_response {
  bool ok() const noexcept { return status >= 200 && status < 300; }

  /// The response begins.
  /// @param longest_wait The limit on `Retry-After`.
  void on_head(const transfer_event& head, std::chrono::milliseconds longest_wait) {
    status = head.status;
    redirect = head.redirect;
    content_type = head.content_type;
    content_coding = head.content_coding;
    if (head.retry_after)
      retry_after = std::min(*head.retry_after, longest_wait);
  }

  std::uint16_t status = 0;
  std::optional<std::chrono::milliseconds> retry_after;
  /// The target of a redirect that was not followed.
  std::string redirect;
  /// Whether its body is an error, also if its status means success.
  bool tells_error = false;
  std::string content_type;
  std::string content_coding;
  /// The body. Of a streamed answer it has at most the beginning.
  std::string body;
};

/// Whether a response is a page for browsers, as firewalls and proxies in front of a service send
/// it. Such a refusal concerns our network address, not the account.
bool is_page(const upstream_response& r) noexcept;

/// The error for a failed transfer.
/// @param r The part of the response that arrived.
chat::failure failure_of(transfer_failure f, const upstream_response& r);

} // namespace nekod
