#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

/// Tools of the Responses API that chat completions lack, as functions with other names or
/// arguments.
namespace nekod::openai::responses {

/// A tool as the client declared it.
struct client_tool {
  enum class kind : std::uint8_t {
    function,
    /// Takes free text: a function with the one property `input`.
    custom,
  };

  kind what = kind::function;
  std::string name;
  /// The namespace that the tool was declared in; empty for none.
  std::string name_space;
};

/// Finds the client's tool by the name of the function that stands for it upstream.
class tool_bridge {
public:
  void add(std::string upstream_name, client_tool tool) {
    tools_.insert_or_assign(std::move(upstream_name), std::move(tool));
  }

  /// @returns null if the function is the client's own, of that name.
  const client_tool* find(std::string_view upstream_name) const {
    const auto found = tools_.find(upstream_name);
    return found == tools_.end() ? nullptr : &found->second;
  }

private:
  std::map<std::string, client_tool, std::less<>> tools_;
};

} // namespace nekod::openai::responses
