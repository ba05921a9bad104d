#pragma once

#include "protocol/chat/failure.hpp"
#include "protocol/openai/responses/tool_bridge.hpp"
#include "protocol/result.hpp"
#include "protocol/text/json.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nekod::openai::responses {

/// A tool as it goes up.
struct sent_tool {
  client_tool declared;
  /// The name of the function that stands for it.
  std::string function;
  /// That function in the form of chat completions.
  std::string json;
};

/// The choice among tools.
struct tool_choice {
  tool_choice() = default;

  /// `,"tool_choice":...` for an upstream; empty for its default.
  std::string chat;
  /// The choice as the response repeats it.
  std::string echo = "\"auto\"";
  /// With `allowed_tools`: the functions that may be called.
  std::optional<std::set<std::string, std::less<>>> allowed;
  /// Whether the answer has to call a tool.
  bool forced = false;
};

/// Reads the field `tool_choice`.
/// @param choice Null if it is not there.
/// @param some_left_out Whether there are more tools, which do not go up.
/// @returns the choice, or a failure if it is malformed, or forces a tool that does not go up.
result<tool_choice, chat::failure> choose(const json::value* choice,
                                          const std::vector<sent_tool>& tools, bool some_left_out);

} // namespace nekod::openai::responses
