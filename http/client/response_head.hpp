#pragma once

#include "actors/upstream/transport.hpp"
#include "http/client/response_fields.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace nekod::http {

/// The head of a response, read from its lines as they come. Keeps the fields that the client side
/// acts on and, for a call that passes, all fields.
///
/// Several heads may come: interim ones, that of a proxy, and those of redirects that are followed.
/// Each begins with a status line and replaces the one before.
class response_head {
public:
  /// @param passes Whether the response passes on as it is.
  explicit response_head(bool passes)
      : fields_(passes ? std::make_shared<header_fields>() : nullptr) {}

  /// Reads one line, with its line end.
  /// @returns whether it is the blank line at the end of a head that may be `complete`.
  bool take(std::string_view line);

  /// The head that has ended is the final one. Its call passes. Lines that follow are trailers,
  /// which are not kept.
  void complete() noexcept { is_complete_ = true; }

  bool is_complete() const noexcept { return is_complete_; }

  /// A redirect is followed, so another response comes.
  void restart() { heard_ = response_fields{}; }

  /// The target of a redirect, as it came; empty for none.
  const std::string& location() const noexcept { return heard_.location; }

  /// Whether the client decodes the body.
  bool is_coded() const noexcept { return !fields_ && !heard_.content_coding.empty(); }

  /// The content codings, in lower case, separated by commas.
  const std::string& coding() const noexcept { return heard_.content_coding; }

  /// Puts the head into its event.
  /// @param url The address of the response.
  void write(transfer_event& to, std::uint16_t status, const std::string& url) const;

private:
  void keep_field(std::string_view line);

  response_fields heard_;
  /// All fields; null unless the call passes.
  std::shared_ptr<header_fields> fields_;
  bool is_complete_ = false;
};

} // namespace nekod::http
