#include "protocol/openai/responses/request/create_parser.hpp"

#include "protocol/openai/body_checks.hpp"
#include "protocol/openai/responses/request/create_fields.hpp"
#include "protocol/openai/responses/request/create_values.hpp"
#include "protocol/openai/responses/request/item_reader.hpp"
#include "protocol/openai/responses/request/tools.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_strings.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace nekod::openai::responses {
namespace {

using chat::failure;
using chat::failure_code;
using json::value;
using outcome = std::optional<failure>;

outcome take_tools(const value& body, create_request& r, std::string& echo) {
  auto tools = read_tools(value_of(body, "tools"), value_of(body, "tool_choice"));
  if (!tools)
    return tools.error();
  r.parameters += tools->chat;
  const auto* parallel = value_of(body, "parallel_tool_calls");
  if (!tools->chat.empty() && parallel != nullptr)
    add_member(r.parameters, "parallel_tool_calls", *parallel);
  if (tools->forced)
    r.demands.emplace_back("tool_choice");
  else if (!tools->chat.empty())
    r.tuning.emplace_back("tools");
  std::ranges::move(tools->ignored, std::back_inserter(r.ignored));
  r.bridge = std::move(tools->bridge);
  r.beside.allowed_calls = std::move(tools->allowed);
  echo = std::move(tools->echo);
  return std::nullopt;
}

/// A request without input goes on from where it is asked to, or asks by its instructions alone.
outcome take_input(const value& body, std::size_t most, create_request& r) {
  const auto* input = value_of(body, "input");
  if (input == nullptr) {
    const auto has_context =
        r.instructions || !r.previous_response_id.empty() || !r.conversation.empty();
    if (!has_context)
      return failure{failure_code::missing_required_parameter, "input"};
    return std::nullopt;
  }
  auto items = read_items(*input, "input", most);
  if (!items)
    return items.error();
  r.input = *std::move(items);
  return std::nullopt;
}

struct echoed {
  std::string_view name;
  std::string_view otherwise;
};

/// The members that repeat a field as it was sent, or else its default.
constexpr echoed echoes[] = {
    {"instructions", "null"},
    {"parallel_tool_calls", "true"},
    {"temperature", "1"},
    {"top_p", "1"},
    {"presence_penalty", "0"},
    {"frequency_penalty", "0"},
    {"top_logprobs", "0"},
    {"max_output_tokens", "null"},
    {"max_tool_calls", "null"},
    {"truncation", R"("disabled")"},
    {"background", "false"},
    {"metadata", "{}"},
    {"safety_identifier", "null"},
    {"prompt_cache_key", "null"},
    {"prompt_cache_retention", "null"},
    {"user", "null"},
};

std::string or_null(const value* v) { return v == nullptr ? "null" : json::to_text(*v); }

std::string echo_of_reasoning(const value* reasoning) {
  if (reasoning == nullptr)
    return R"({"effort":null,"summary":null})";
  const auto* summary = value_of(*reasoning, "summary");
  if (summary == nullptr)
    summary = value_of(*reasoning, "generate_summary");
  return R"({"effort":)" + or_null(value_of(*reasoning, "effort")) + R"(,"summary":)" +
         or_null(summary) + "}";
}

std::string echo_of(const value& body, std::string_view tools) {
  std::string out;
  for (const auto& e : echoes) {
    const auto* v = value_of(body, e.name);
    out.append("\"").append(e.name).append("\":");
    out.append(v == nullptr ? std::string{e.otherwise} : json::to_text(*v)).append(",");
  }
  return out.append(tools)
      .append(R"(,"text":)")
      .append(echo_of_text(value_of(body, "text")))
      .append(R"(,"reasoning":)")
      .append(echo_of_reasoning(value_of(body, "reasoning")))
      .append(R"(,"service_tier":"default")");
}

} // namespace

result<create_request, failure> parse_create_request(std::string_view body, std::size_t max_items) {
  const auto doc = json::parse(body);
  if (!doc)
    return body_error(doc);
  if (!doc.root.IsObject())
    return failure{failure_code::invalid_type, {}, "expected an object"};
  create_request r;
  if (auto e = read_fields(doc.root, r))
    return *std::move(e);
  if (auto e = take_input(doc.root, max_items, r))
    return *std::move(e);
  std::string tools;
  if (auto e = take_tools(doc.root, r, tools))
    return *std::move(e);
  r.echo = echo_of(doc.root, tools);
  return r;
}

} // namespace nekod::openai::responses
