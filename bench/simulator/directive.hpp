#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::sim {

/// What a message says about its own reply, as in `[sim tokens=200 delay=5 first=100]`.
struct directive {
  /// Pieces of text the reply has; 0 lets the story decide.
  std::optional<std::uint32_t> tokens;
  std::optional<std::chrono::milliseconds> delay;
  std::optional<std::chrono::milliseconds> first_delay;
  /// Of a completion: calls of tools in place of text, and pieces of reasoning before it.
  std::optional<std::uint32_t> tools;
  std::optional<std::uint32_t> reasoning;
  /// What the reply gives as the reason of its end, where it gives one.
  std::optional<std::string> finish;
};

/// A message's text without its directive.
struct directed_prompt {
  std::string text;
  directive wishes;
};

/// Takes the last directive out of *text*: a message that carries a whole conversation has older
/// ones too. Words it does not know are ignored, and numbers past the limits are taken as the
/// limit.
directed_prompt split_directive(std::string_view text);

} // namespace nekod::sim
