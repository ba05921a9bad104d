#include "protocol/openai/responses/request/tools.hpp"

#include "protocol/openai/body_checks.hpp"
#include "protocol/openai/responses/request/tool_choice.hpp"
#include "protocol/text/fnv1a.hpp"
#include "protocol/text/hex.hpp"
#include "protocol/text/json_strings.hpp"
#include "protocol/text/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace nekod::openai::responses {
namespace {

using chat::failure;
using chat::failure_code;
using outcome = std::optional<failure>;

const json::value* value_of(const json::value& object, std::string_view name) {
  const auto* v = json::find(object, name);
  return v == nullptr || v->IsNull() ? nullptr : v;
}

void add_member(std::string& out, const json::value& from, std::string_view name) {
  if (const auto* v = value_of(from, name))
    out.append(",\"").append(name).append("\":").append(json::to_text(*v));
}

/// A function tool in the form of chat completions. `strict` is copied only if it is there: its
/// default differs between the APIs.
std::string chat_function(const json::value& tool, std::string_view name) {
  std::string out = R"({"type":"function","function":{"name":)";
  json::append_quoted(out, name);
  for (const auto* member : {"description", "parameters", "strict"})
    add_member(out, tool, member);
  return out += "}}";
}

/// The description of a custom tool, with the grammar of its input.
std::string custom_description(const json::value& tool) {
  std::string out{json::find_string(tool, "description").value_or(std::string_view{})};
  const auto* format = value_of(tool, "format");
  if (format == nullptr)
    return out;
  const auto definition = json::find_string(*format, "definition");
  if (!definition)
    return out;
  if (!out.empty())
    out += "\n\n";
  out.append("`input` must follow this ");
  out.append(json::find_string(*format, "syntax") == "regex" ? "regular expression"
                                                             : "Lark grammar");
  return out.append(":\n").append(*definition);
}

/// A custom tool as a function with the one property `input`.
std::string chat_custom(const json::value& tool, std::string_view name) {
  std::string out = R"({"type":"function","function":{"name":)";
  json::append_quoted(out, name);
  if (const auto description = custom_description(tool); !description.empty()) {
    out += R"(,"description":)";
    json::append_quoted(out, description);
  }
  return out += R"(,"parameters":{"type":"object","properties":{"input":{"type":"string"}},)"
                R"("required":["input"],"additionalProperties":false}}})";
}

/// A tool as the response repeats it: a function has all of its members, maybe null.
std::string echo_of(const json::value& tool) {
  auto out = json::to_text(tool);
  if (json::find_string(tool, "type") != "function")
    return out;
  out.pop_back();
  for (const auto* name : {"description", "parameters", "strict"})
    if (json::find(tool, name) == nullptr)
      out.append(",\"").append(name).append("\":null");
  return out += '}';
}

/// Whether *word* is a plain word, which may stand in a header field.
bool is_plain(std::string_view word) {
  return !word.empty() && word.size() <= 64 && std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// Reads the tools one by one.
class tool_reader {
public:
  explicit tool_reader(declared_tools& to) : to_(to) {}

  outcome read(const json::value& tools) {
    for (rapidjson::SizeType i = 0; i < tools.Size(); ++i) {
      if (auto e = read_tool(tools[i], {}, element("tools", i)))
        return e;
      echo_.append(echo_.empty() ? "" : ",").append(echo_of(tools[i]));
    }
    return std::nullopt;
  }

  const std::string& echo() const { return echo_; }
  std::vector<sent_tool>& sent() { return sent_; }

private:
  outcome read_tool(const json::value& tool, std::string_view name_space,
                    const std::string& place) {
    if (!tool.IsObject())
      return wrong_type(place, "an object");
    const auto type = required_string(tool, "type", place);
    if (!type)
      return type.error();
    if (*type == "function" || *type == "custom")
      return add(tool, name_space, *type == "custom", place);
    if (*type == "namespace" && name_space.empty())
      return read_namespace(tool, place);
    ignore(*type, place);
    return std::nullopt;
  }

  outcome read_namespace(const json::value& tool, const std::string& place) {
    const auto name = required_string(tool, "name", place);
    if (!name)
      return name.error();
    const auto* tools = value_of(tool, "tools");
    if (tools == nullptr)
      return std::nullopt;
    const auto list = place + ".tools";
    if (!tools->IsArray())
      return wrong_type(list, "an array");
    for (rapidjson::SizeType i = 0; i < tools->Size(); ++i)
      if (auto e = read_tool((*tools)[i], *name, element(list, i)))
        return e;
    return std::nullopt;
  }

  outcome add(const json::value& tool, std::string_view name_space, bool is_custom,
              const std::string& place) {
    const auto name = required_string(tool, "name", place);
    if (!name)
      return name.error();
    if (name->empty())
      return failure{failure_code::invalid_value, place + ".name", "must not be empty"};
    if (const auto* description = value_of(tool, "description");
        description != nullptr && !description->IsString())
      return wrong_type(place + ".description", "a string");
    if (const auto* strict = value_of(tool, "strict"); strict != nullptr && !strict->IsBool())
      return wrong_type(place + ".strict", "a boolean");
    if (const auto* parameters = value_of(tool, "parameters");
        parameters != nullptr && !parameters->IsObject())
      return wrong_type(place + ".parameters", "an object");
    client_tool declared;
    declared.what = is_custom ? client_tool::kind::custom : client_tool::kind::function;
    declared.name = *name;
    declared.name_space = name_space;
    auto function = upstream_name(name_space, *name);
    if (!names_.insert(function).second) {
      ignore({}, place);
      return std::nullopt;
    }
    auto json = is_custom ? chat_custom(tool, function) : chat_function(tool, function);
    if (is_custom || function != *name)
      to_.bridge.add(function, declared);
    sent_.push_back({std::move(declared), std::move(function), std::move(json)});
    return std::nullopt;
  }

  void ignore(std::string_view type, const std::string& place) {
    auto name = is_plain(type) ? "tools." + std::string{type} : place;
    if (std::ranges::find(to_.ignored, name) == to_.ignored.end() && to_.ignored.size() < most)
      to_.ignored.push_back(std::move(name));
  }

  /// The most tools that are named as ignored, in a header field.
  static constexpr std::size_t most = 32;

  declared_tools& to_;
  std::set<std::string, std::less<>> names_;
  std::vector<sent_tool> sent_;
  std::string echo_;
};

} // namespace

std::string upstream_name(std::string_view name_space, std::string_view name) {
  constexpr std::size_t longest = 64;
  if (name_space.empty())
    return std::string{name};
  auto result = std::string{name_space}.append("__").append(name);
  if (result.size() <= longest)
    return result;
  std::string end = "_";
  append_hex_number(end, fnv1a{}.add(result).value(), 8);
  return result.substr(0, utf8_prefix(std::string_view{result}.substr(0, longest - end.size()))) +
         end;
}

std::string custom_arguments(std::string_view input) {
  std::string out = R"({"input":)";
  json::append_quoted(out, input);
  return out += '}';
}

result<declared_tools, failure> read_tools(const json::value* tools, const json::value* choice) {
  declared_tools result;
  tool_reader reader{result};
  if (tools != nullptr)
    if (auto e = reader.read(*tools))
      return *std::move(e);
  auto chosen = choose(choice, reader.sent(), !result.ignored.empty());
  if (!chosen)
    return chosen.error();
  result.echo = "\"tools\":[" + reader.echo() + "],\"tool_choice\":" + chosen->echo;
  result.forced = chosen->forced;
  result.allowed = std::move(chosen->allowed);
  std::string list;
  for (const auto& tool : reader.sent())
    if (!result.allowed || result.allowed->contains(tool.function))
      list.append(list.empty() ? "" : ",").append(tool.json);
  if (!list.empty())
    result.chat = ",\"tools\":[" + list + "]" + chosen->chat;
  return result;
}

} // namespace nekod::openai::responses
