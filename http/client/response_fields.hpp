#pragma once

#include "protocol/retry_after.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::http {

/// The header fields of an upstream's response that the client side acts on itself.
struct response_fields {
  /// Reads one header line, its name in any case. A status line begins a new response.
  void on_line(std::string_view line);

  /// How long the server asks to wait: `retry-after-ms`, else `Retry-After`. A date is compared
  /// with the server's own `Date`, since its clock may differ from ours.
  std::optional<std::chrono::milliseconds> wait() const;

  // In lower case, without unprintable bytes; empty for none.

  std::string content_type;
  /// The content codings that the client decodes, separated by commas.
  std::string content_coding;

  // As received; empty for none, and in successful responses.

  std::string retry_after;
  std::string retry_after_ms;
  std::string date;
  std::string location;

private:
  void take_coding(const std::string& coding);

  bool is_success_ = false;
};

} // namespace nekod::http
