#include "protocol/openai/responses/request/create_fields.hpp"

#include "protocol/chat/request.hpp"
#include "protocol/openai/body_checks.hpp"
#include "protocol/openai/responses/request/create_values.hpp"

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace nekod::openai::responses {
namespace {

using chat::failure;
using chat::failure_code;
using json::value;
using outcome = std::optional<failure>;
using namespace shapes;

// Actions for a field that has the right shape.

outcome accept(std::string_view, const value&, create_request&) { return std::nullopt; }

/// A parameter that chat completions have under the same name.
outcome tune(std::string_view name, const value& v, create_request& r) {
  r.tuning.emplace_back(name);
  add_member(r.parameters, name, v);
  return std::nullopt;
}

outcome ignore(std::string_view name, const value& v, create_request& r) {
  if (!v.Empty())
    r.ignored.emplace_back(name);
  return std::nullopt;
}

outcome refuse(std::string_view name, const value&, create_request&) {
  return failure{failure_code::unsupported_parameter, std::string{name}};
}

outcome take_openai(std::string_view name, const value& v, create_request& r) {
  add_member(r.beside.of_openai, name, v);
  return std::nullopt;
}

outcome take_safety_identifier(std::string_view name, const value& v, create_request& r) {
  if (length_of(json::text_of(v)) > 64)
    return failure{failure_code::invalid_value, std::string{name}, "expected up to 64 characters"};
  return take_openai(name, v, r);
}

template <auto Field>
outcome take_bool(std::string_view, const value& v, create_request& r) {
  r.*Field = v.GetBool();
  return std::nullopt;
}

outcome take_model(std::string_view, const value& v, create_request& r) {
  r.model = json::text_of(v);
  return std::nullopt;
}

outcome take_instructions(std::string_view, const value& v, create_request& r) {
  r.instructions.emplace(json::text_of(v));
  return std::nullopt;
}

outcome take_id(std::string_view name, const value& v, std::string& to) {
  if (auto e = check(name, v, string))
    return e;
  if (v.GetStringLength() == 0)
    return failure{failure_code::invalid_value, std::string{name},
                   "expected at least one character"};
  to = json::text_of(v);
  return std::nullopt;
}

outcome take_previous(std::string_view name, const value& v, create_request& r) {
  return take_id(name, v, r.previous_response_id);
}

/// A conversation is named by its id or by an object that has it.
outcome take_conversation(std::string_view name, const value& v, create_request& r) {
  if (v.IsString())
    return take_id(name, v, r.conversation);
  const auto place = std::string{name} + ".id";
  const auto* id = value_of(v, "id");
  if (id == nullptr)
    return failure{failure_code::missing_required_parameter, place};
  return take_id(place, *id, r.conversation);
}

/// An empty name is none, as in the service that nekod replaces.
outcome take_session_id(std::string_view name, const value& v, create_request& r) {
  if (v.GetStringLength() == 0)
    return std::nullopt;
  if (!chat::valid_session_id(json::text_of(v)))
    return failure{failure_code::invalid_session_id, std::string{name},
                   std::string{chat::session_id_form}};
  r.session_id = json::text_of(v);
  return std::nullopt;
}

outcome take_max_output_tokens(std::string_view, const value& v, create_request& r) {
  r.limits.pieces = static_cast<std::uint64_t>(json::integer_of(v).value_or(1));
  r.beside.most_tokens = r.limits.pieces;
  return std::nullopt;
}

outcome take_truncation(std::string_view name, const value& v, create_request& r) {
  const auto word = json::text_of(v);
  if (word != "auto" && word != "disabled")
    return failure{failure_code::invalid_value, std::string{name}, "expected auto or disabled"};
  r.may_truncate = word == "auto";
  return std::nullopt;
}

outcome take_metadata(std::string_view name, const value& v, create_request& r) {
  if (auto e = check_metadata(v, std::string{name}))
    return e;
  r.metadata = json::to_text(v);
  return std::nullopt;
}

outcome take_reasoning(std::string_view name, const value& v, create_request& r) {
  for (const auto* member : {"effort", "summary", "generate_summary"})
    if (const auto* word = value_of(v, member))
      if (auto e = check(std::string{name} + "." + member, *word, string))
        return e;
  if (const auto* effort = value_of(v, "effort")) {
    r.tuning.push_back(std::string{name} + ".effort");
    add_member(r.parameters, "reasoning_effort", *effort);
  }
  const auto asks = [&](std::string_view member) {
    const auto word = json::find_string(v, member);
    return word == "auto" || word == "concise" || word == "detailed";
  };
  r.wants_summary = asks("summary") || asks("generate_summary");
  return std::nullopt;
}

/// The probabilities of tokens are asked for in `include`; `top_logprobs` alone does so, too.
outcome take_include(std::string_view name, const value& v, create_request& r) {
  if (auto e = check_strings(name, v))
    return e;
  const auto asks = [&v](std::string_view what) {
    return std::ranges::any_of(v.GetArray(),
                               [what](const value& part) { return json::text_of(part) == what; });
  };
  r.wants_sealed_reasoning = asks("reasoning.encrypted_content");
  if (asks("message.output_text.logprobs")) {
    r.tuning.emplace_back(name);
    r.wants_logprobs = true;
  }
  return std::nullopt;
}

outcome take_top_logprobs(std::string_view name, const value& v, create_request& r) {
  if (json::integer_of(v) == 0)
    return std::nullopt;
  r.wants_logprobs = true;
  return tune(name, v, r);
}

outcome take_stream_options(std::string_view name, const value& v, create_request&) {
  const auto* obfuscation = value_of(v, "include_obfuscation");
  if (obfuscation == nullptr)
    return std::nullopt;
  return check(std::string{name} + ".include_obfuscation", *obfuscation, boolean);
}

struct rule {
  std::string_view name;
  shape expected;
  outcome (*take)(std::string_view name, const value& v, create_request& r);
};

/// Every field that is checked, by name. Other members are not checked.
constexpr rule rules[] = {
    {"background", boolean, take_bool<&create_request::background>},
    {"context_management", array, ignore},
    {"conversation", string_or_object, take_conversation},
    {"frequency_penalty", number_from(-2, 2), tune},
    {"include", array, take_include},
    {"instructions", string, take_instructions},
    {"max_output_tokens", positive_integer, take_max_output_tokens},
    {"max_tool_calls", integer, accept},
    {"metadata", object, take_metadata},
    {"model", string, take_model},
    {"moderation", object, accept},
    {"parallel_tool_calls", boolean, accept},
    {"presence_penalty", number_from(-2, 2), tune},
    {"previous_response_id", string, take_previous},
    {"prompt", object, refuse},
    {"prompt_cache_key", string, take_openai},
    {"prompt_cache_options", object, accept},
    {"prompt_cache_retention", string, accept},
    {"reasoning", object, take_reasoning},
    {"safety_identifier", string, take_safety_identifier},
    {"service_tier", string, accept},
    {"session_id", string, take_session_id},
    {"store", boolean, take_bool<&create_request::store>},
    {"stream", boolean, take_bool<&create_request::stream>},
    {"stream_options", object, take_stream_options},
    {"temperature", number_from(0, 2), tune},
    {"text", object, take_text},
    {"tool_choice", string_or_object, accept},
    {"tools", array, accept},
    {"top_logprobs", integer_from(0, 20), take_top_logprobs},
    {"top_p", number_from(0, 1), tune},
    {"truncation", string, take_truncation},
    {"user", string, take_openai},
};

static_assert(std::ranges::is_sorted(rules, {}, &rule::name), "rules are looked up by bisection");

const rule* rule_for(std::string_view name) {
  const auto* found = std::ranges::lower_bound(rules, name, {}, &rule::name);
  return found != std::end(rules) && found->name == name ? found : nullptr;
}

} // namespace

outcome read_fields(const value& body, create_request& r) {
  std::bitset<std::size(rules)> seen;
  // One pass over the members: a hostile body may have millions.
  for (const auto& member : body.GetObject()) {
    const auto* found = rule_for(json::text_of(member.name));
    if (found == nullptr)
      continue;
    // Of members with the same name the first counts, as in json::find.
    const auto index = static_cast<std::size_t>(found - rules);
    if (seen.test(index))
      continue;
    seen.set(index);
    if (member.value.IsNull())
      continue;
    if (auto e = check(found->name, member.value, found->expected))
      return e;
    if (auto e = found->take(found->name, member.value, r))
      return e;
  }
  if (r.wants_logprobs)
    r.parameters += R"(,"logprobs":true)";
  if (!r.conversation.empty() && !r.previous_response_id.empty())
    return failure{failure_code::invalid_value, "conversation",
                   "`previous_response_id` cannot be named beside it"};
  return std::nullopt;
}

} // namespace nekod::openai::responses
