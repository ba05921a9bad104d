#include "protocol/openai/responses/request/tool_choice.hpp"

#include "protocol/openai/body_checks.hpp"
#include "protocol/text/json_strings.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace nekod::openai::responses {
namespace {

using chat::failure;
using chat::failure_code;
using chosen = result<tool_choice, failure>;

constexpr std::string_view field = "tool_choice";

failure wrong_value(std::string_view expected) {
  return {failure_code::invalid_value, std::string{field}, std::string{expected}};
}

bool is_mode(std::string_view word) {
  return word == "none" || word == "auto" || word == "required";
}

std::string key(std::string_view type, std::string_view name_space, std::string_view name) {
  std::string out{type};
  out.append("\n").append(name_space).append("\n").append(name);
  return out;
}

/// The tools that a request names by type, name and maybe namespace.
class named_tools {
public:
  void add(const json::value& v) {
    auto text = [&](std::string_view member) {
      return json::find_string(v, member).value_or(std::string_view{});
    };
    keys_.insert(key(text("type"), text("namespace"), text("name")));
  }

  bool contains(const sent_tool& tool) const {
    const auto& declared = tool.declared;
    const auto* type = declared.what == client_tool::kind::custom ? "custom" : "function";
    return keys_.contains(key(type, declared.name_space, declared.name)) ||
           keys_.contains(key(type, {}, tool.function));
  }

  /// Whether the tool's whole namespace is named.
  bool contains_namespace(const sent_tool& tool) const {
    const auto& name = tool.declared.name_space;
    return !name.empty() && keys_.contains(key("namespace", {}, name));
  }

private:
  std::set<std::string> keys_;
};

chosen choose_mode(std::string_view mode, const std::vector<sent_tool>& tools, bool some_left_out) {
  tool_choice result;
  result.forced = mode == "required";
  if (result.forced && tools.empty())
    return some_left_out ? failure{failure_code::unsupported_parameter, std::string{field}}
                         : wrong_value("there are no tools to call");
  result.echo = "\"" + std::string{mode} + "\"";
  result.chat = ",\"tool_choice\":" + result.echo;
  return result;
}

chosen choose_one(const json::value& choice, const std::vector<sent_tool>& tools) {
  const auto name = required_string(choice, "name", std::string{field});
  if (!name)
    return name.error();
  named_tools named;
  named.add(choice);
  const auto found =
      std::ranges::find_if(tools, [&](const auto& tool) { return named.contains(tool); });
  if (found == tools.end())
    return wrong_value("the tool is not among `tools`");
  tool_choice result;
  result.forced = true;
  result.echo = json::to_text(choice);
  result.chat = R"(,"tool_choice":{"type":"function","function":{"name":)";
  json::append_quoted(result.chat, found->function);
  result.chat += "}}";
  return result;
}

/// Those tools that the list *wanted* names.
result<std::vector<sent_tool>, failure> among(const json::value& wanted,
                                              const std::vector<sent_tool>& tools) {
  named_tools named;
  for (rapidjson::SizeType i = 0; i < wanted.Size(); ++i) {
    const auto place = element("tool_choice.tools", i);
    if (!wanted[i].IsObject())
      return wrong_type(place, "an object");
    if (const auto type = required_string(wanted[i], "type", place); !type)
      return type.error();
    named.add(wanted[i]);
  }
  std::vector<sent_tool> result;
  std::ranges::copy_if(tools, std::back_inserter(result), [&](const auto& tool) {
    return named.contains(tool) || named.contains_namespace(tool);
  });
  return result;
}

/// Few upstreams know `allowed_tools`, so only the allowed tools go up.
chosen choose_allowed(const json::value& choice, const std::vector<sent_tool>& tools) {
  const auto* mode = json::find(choice, "mode");
  const auto has_mode = mode != nullptr && !mode->IsNull();
  if (has_mode && !(mode->IsString() && is_mode(json::text_of(*mode))))
    return failure{failure_code::invalid_value, "tool_choice.mode",
                   "expected none, auto or required"};
  const auto* wanted = json::find(choice, "tools");
  if (wanted == nullptr || wanted->IsNull())
    return failure{failure_code::missing_required_parameter, "tool_choice.tools"};
  if (!wanted->IsArray())
    return wrong_type("tool_choice.tools", "an array");
  const auto allowed = among(*wanted, tools);
  if (!allowed)
    return allowed.error();
  const auto word = has_mode ? json::text_of(*mode) : std::string_view{"auto"};
  auto result = choose_mode(word, *allowed, allowed->size() < wanted->Size());
  if (!result)
    return result;
  result->allowed.emplace();
  for (const auto& tool : *allowed)
    result->allowed->insert(tool.function);
  result->echo = R"({"type":"allowed_tools","mode":")" + std::string{word} + R"(","tools":)" +
                 json::to_text(*wanted) + "}";
  return result;
}

} // namespace

result<tool_choice, failure> choose(const json::value* choice, const std::vector<sent_tool>& tools,
                                    bool some_left_out) {
  if (choice == nullptr)
    return tool_choice{};
  if (choice->IsString()) {
    const auto mode = json::text_of(*choice);
    return is_mode(mode) ? choose_mode(mode, tools, some_left_out)
                         : wrong_value("expected none, auto, required or an object");
  }
  const auto type = required_string(*choice, "type", std::string{field});
  if (!type)
    return type.error();
  if (*type == "function" || *type == "custom")
    return choose_one(*choice, tools);
  if (*type == "allowed_tools")
    return choose_allowed(*choice, tools);
  return failure{failure_code::unsupported_parameter, std::string{field}};
}

} // namespace nekod::openai::responses
