#pragma once

#include "actors/upstream/transport.hpp"
#include "protocol/chat/failure.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

/// The response to a call, and what its failure means, for any kind of service.
namespace nekod {

/// A response, as far as it has arrived.
struct upstream_response {
  bool ok() const noexcept { return status >= 200 && status < 300; }

  /// The response begins.
  /// @param longest_wait The maximum for the wait that it asks for.
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
  /// Where a redirect that was not followed leads.
  std::string redirect;
  /// Whether its status means success although its body is an error.
  bool tells_error = false;
  std::string content_type;
  std::string content_coding;
  /// The body, except for an answer that streams: of that, the beginning at most.
  std::string body;
};

/// Whether a response is a page for people, as gates and proxies in front of a service send it.
/// Their refusals concern our address, not the account.
bool is_page(const upstream_response& r) noexcept;

/// The meaning of a failed transfer.
/// @param r As much of the response as arrived.
chat::failure failure_of(transfer_failure f, const upstream_response& r);

} // namespace nekod
