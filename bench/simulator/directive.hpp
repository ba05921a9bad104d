#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::sim {

/// What a message specifies about its own reply, as in `[sim tokens=200 delay=5 first=100]`.
struct directive {
  /// Pieces of text in the reply; 0 lets the story decide.
  std::optional<std::uint32_t> tokens;
  std::optional<std::chrono::milliseconds> delay;
  std::optional<std::chrono::milliseconds> first_delay;
  /// For a completion: tool calls instead of text, and pieces of reasoning before it.
  std::optional<std::uint32_t> tools;
  std::optional<std::uint32_t> reasoning;
  /// The finish reason of the reply, if it has one.
  std::optional<std::string> finish;
};

/// A message's text without its directive.
struct directed_prompt {
  std::string text;
  directive wishes;
};

/// Removes the last directive from *text*: a message with a whole conversation has older ones, too.
/// Unknown words are ignored, and numbers beyond a limit count as the limit.
directed_prompt split_directive(std::string_view text);

} // namespace nekod::sim
