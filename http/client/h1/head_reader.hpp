#pragma once

#include "http/client/h1/body_framing.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::http {

/// The properties of a message that the head of a response tells (RFC 9112, sections 4 to 6).
struct message_head {
  std::uint16_t status = 0;
  body_framing body;
  /// Whether the connection may be used again.
  bool keeps_alive = true;
  /// How long the server keeps it while it is idle, by `Keep-Alive`; nothing if it does not say.
  std::optional<std::chrono::seconds> idle_time;
};

/// The head of a response, in bytes that arrive in pieces, up to its blank line.
class head_reader {
public:
  enum class state : std::uint8_t { more, complete, malformed, too_long };

  struct result {
    state how = state::more;
    /// The bytes that belong to the head.
    std::size_t taken = 0;
  };

  /// Takes the next bytes. What does not begin like HTTP is malformed at once.
  /// @pre The head is not complete.
  result take(std::string_view bytes);

  /// The complete head with its blank line.
  const std::string& text() const noexcept { return text_; }

  /// Another head follows.
  void restart() noexcept;

private:
  std::string text_;
  /// Where the last line begins.
  std::size_t line_ = 0;
};

/// Reads a complete head. Strict: what two recipients could read as different messages is refused,
/// that is lengths that differ, a length together with a transfer coding, another coding than
/// `chunked`, blanks around a name, folded lines, control characters. A line may end in LF alone
/// (RFC 9112, section 2.2).
/// @param is_bodiless Whether the request's method is `HEAD`.
/// @returns nothing if it is malformed.
std::optional<message_head> parse_message_head(std::string_view text, bool is_bodiless);

/// Calls *f* with each line of a complete head and its line end, the blank one last.
template <class F>
void for_each_line(std::string_view head, F f) {
  while (!head.empty()) {
    const auto size = head.find('\n') + 1;
    f(head.substr(0, size));
    head.remove_prefix(size);
  }
}

} // namespace nekod::http
