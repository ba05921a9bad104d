#include "protocol/openai/body_checks.hpp"
#include "protocol/openai/chat/request_parts.hpp"

#include <algorithm>
#include <bitset>

namespace nekod::openai {
namespace {

using json::value;
using outcome = std::optional<chat::failure>;
using namespace shapes;

/// Whether a value asks for anything; `false` and `[]` do not.
bool asks(const value& v) { return !v.IsFalse() && !(v.IsArray() && v.Empty()); }

// Actions for a parameter that has the right shape.

outcome accept(std::string_view, const value&, chat::request&) { return std::nullopt; }

outcome tune(std::string_view name, const value& v, chat::request& r) {
  if (asks(v))
    r.tuning.emplace_back(name);
  return std::nullopt;
}

outcome demand(std::string_view name, const value& v, chat::request& r) {
  if (asks(v))
    r.demands.emplace_back(name);
  return std::nullopt;
}

outcome take_modalities(std::string_view name, const value& v, chat::request& r) {
  if (auto e = check_strings(name, v))
    return e;
  if (std::ranges::any_of(v.GetArray(), [](const value& m) { return json::text_of(m) == "audio"; }))
    r.demands.emplace_back(name);
  return std::nullopt;
}

outcome take_model(std::string_view, const value& v, chat::request& r) {
  r.model = json::text_of(v);
  return std::nullopt;
}

/// The smaller of `max_tokens` and `max_completion_tokens` applies.
outcome take_max_tokens(std::string_view, const value& v, chat::request& r) {
  const auto most = static_cast<std::uint64_t>(json::integer_of(v).value_or(1));
  r.limits.pieces = std::min(most, r.limits.pieces.value_or(most));
  return std::nullopt;
}

outcome take_n(std::string_view, const value& v, chat::request& r) {
  r.choices = static_cast<std::uint32_t>(json::integer_of(v).value_or(1));
  return std::nullopt;
}

outcome take_response_format(std::string_view name, const value& v, chat::request& r) {
  const auto param = std::string{name} + ".type";
  const auto* type = json::find(v, "type");
  if (type == nullptr)
    return chat::failure{chat::failure_code::missing_required_parameter, param};
  if (auto e = check(param, *type, string))
    return e;
  const auto word = json::text_of(*type);
  if (word == "json_schema")
    return demand(name, v, r);
  if (word == "json_object")
    return tune(name, v, r);
  if (word != "text")
    return chat::failure{chat::failure_code::invalid_value, param,
                         "expected text, json_object or json_schema"};
  return std::nullopt;
}

/// An empty name is none, as in the service that nekod replaces.
outcome take_session_id(std::string_view name, const value& v, chat::request& r) {
  if (v.GetStringLength() == 0)
    return std::nullopt;
  if (!chat::valid_session_id(json::text_of(v)))
    return chat::failure{chat::failure_code::invalid_session_id, std::string{name},
                         std::string{chat::session_id_form}};
  r.session_id = json::text_of(v);
  return std::nullopt;
}

/// An empty stop text has no effect.
void add_stop(const value& text, chat::request& r) {
  if (text.GetStringLength() > 0)
    r.limits.stop.emplace_back(json::text_of(text));
}

outcome take_stop(std::string_view name, const value& v, chat::request& r) {
  if (v.IsString()) {
    add_stop(v, r);
    return std::nullopt;
  }
  if (auto e = check_strings(name, v))
    return e;
  if (v.Size() > 4)
    return chat::failure{chat::failure_code::invalid_value, std::string{name},
                         "expected up to 4 strings"};
  for (const auto& text : v.GetArray())
    add_stop(text, r);
  return std::nullopt;
}

outcome take_stream(std::string_view, const value& v, chat::request& r) {
  r.stream = v.GetBool();
  return std::nullopt;
}

outcome take_stream_options(std::string_view name, const value& v, chat::request& r) {
  const auto* usage = json::find(v, "include_usage");
  if (usage == nullptr || usage->IsNull())
    return std::nullopt;
  if (auto e = check(std::string{name} + ".include_usage", *usage, boolean))
    return e;
  r.include_usage = usage->GetBool();
  return std::nullopt;
}

struct rule {
  std::string_view name;
  shape expected;
  outcome (*take)(std::string_view name, const value& v, chat::request& r);
  /// True if nekod itself depends on this field: a fault is fatal, whatever the upstream accepts.
  bool ours = false;
};

constexpr bool ours = true;

/// Every parameter that is checked, by name. Other members are not checked.
constexpr rule rules[] = {
    {"audio", object, demand},
    {"frequency_penalty", number_from(-2, 2), tune},
    {"function_call", string_or_object, accept},
    {"functions", array, demand},
    {"logit_bias", object, tune},
    {"logprobs", boolean, tune},
    {"max_completion_tokens", positive_integer, take_max_tokens},
    {"max_tokens", positive_integer, take_max_tokens},
    {"metadata", object, accept},
    {"modalities", array, take_modalities},
    {"model", string, take_model, ours},
    {"moderation", object, accept},
    {"n", integer_from(1, 128), take_n},
    {"parallel_tool_calls", boolean, accept},
    {"prediction", object, accept},
    {"presence_penalty", number_from(-2, 2), tune},
    {"prompt_cache_key", string, accept},
    {"prompt_cache_options", object, accept},
    {"prompt_cache_retention", string, accept},
    {"reasoning_effort", string, tune},
    {"response_format", object, take_response_format},
    {"safety_identifier", string, accept},
    {"seed", integer, tune},
    {"service_tier", string, accept},
    {"session_id", string, take_session_id, ours},
    {"stop", string_or_array, take_stop},
    {"store", boolean, accept},
    {"stream", boolean, take_stream, ours},
    {"stream_options", object, take_stream_options, ours},
    {"temperature", number_from(0, 2), tune},
    {"tool_choice", string_or_object, accept},
    {"tools", array, demand},
    {"top_logprobs", integer_from(0, 20), tune},
    {"top_p", number_from(0, 1), tune},
    {"user", string, accept},
    {"verbosity", string, tune},
    {"web_search_options", object, tune},
};

static_assert(std::ranges::is_sorted(rules, {}, &rule::name), "rules are looked up by bisection");

const rule* rule_for(std::string_view name) {
  const auto* found = std::ranges::lower_bound(rules, name, {}, &rule::name);
  return found != std::end(rules) && found->name == name ? found : nullptr;
}

} // namespace

std::optional<chat::failure> read_parameters(const json::value& body, chat::request& r) {
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
    auto e = check(found->name, member.value, found->expected);
    if (!e)
      e = found->take(found->name, member.value, r);
    if (e && found->ours)
      return e;
    if (e)
      object_to(r, *std::move(e));
  }
  return std::nullopt;
}

} // namespace nekod::openai
