#pragma once

#include "protocol/chat/failure.hpp"
#include "protocol/openai/responses/tool_bridge.hpp"
#include "protocol/result.hpp"
#include "protocol/text/json.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// The tools of a request, as chat completions have them.
namespace nekod::openai::responses {

/// The declared tools and the choice among them.
struct declared_tools {
  declared_tools() = default;

  /// `tools` and `tool_choice` for an upstream, each with a leading comma; empty if no tool goes
  /// up.
  std::string chat;
  /// `"tools":[...],"tool_choice":...` as the response repeats them.
  std::string echo;
  /// The tools that a function of another name or form stands for.
  tool_bridge bridge;
  /// With `allowed_tools`: the upstream names of the tools that may be called. A call of another
  /// one is the upstream's fault.
  std::optional<std::set<std::string, std::less<>>> allowed;
  /// The tools that are left out, such as `tools.web_search`: those that OpenAI itself runs, and
  /// those whose name is taken. Fit for a header field.
  std::vector<std::string> ignored;
  /// Whether the answer has to call a tool.
  bool forced = false;
};

/// Reads and checks tools. Those of types that no upstream knows are left out, unless the choice
/// forces one.
/// @param tools, choice The fields `tools` and `tool_choice`; null if they are not there.
result<declared_tools, chat::failure> read_tools(const json::value* tools,
                                                 const json::value* choice);

/// The name of the function that stands upstream for the tool *name* of *name_space*:
/// `name_space__name`, or *name* outside of a namespace. At most 64 bytes, as OpenAI wants it; of
/// a longer one the end is replaced by a digest of the whole.
std::string upstream_name(std::string_view name_space, std::string_view name);

/// The arguments with which the function of a custom tool is called: `{"input":...}`.
std::string custom_arguments(std::string_view input);

} // namespace nekod::openai::responses
